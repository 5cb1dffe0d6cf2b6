import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openSqliteFile } from '../catalog/sqlite-file.ts';
import { inTransaction } from '../catalog/sqlite-statements.ts';
import { FaceIds } from './face-ids.ts';
import { faceKeyPath, makeFaceKey, readFaceKey } from './face-key.ts';
import { FaceVectors } from './face-vectors.ts';
import {
  type FaceMatch,
  type Galleries,
  GalleryError,
  type GalleryFace,
  type GalleryInfo,
  type NewFace,
} from './gallery.ts';
import { GALLERIES_SCHEMA } from './gallery-schema.ts';
import { checkKey, type FaceContent, openFace, SealError, sealFace, sealKeyCheck } from './sealed-face.ts';

export interface SqliteGalleriesOptions {
  readonly dataDir: string;
  /** Where the key is, when it is not to lie beside the faces. */
  readonly keyFile?: string;
  /** Faces of all galleries together; they are compared in memory, four bytes a dimension. */
  readonly maxFaces: number;
  /** Hash of the model that makes the embeddings, and how many numbers one has. Faces of another model match nothing. */
  readonly model: { readonly sha256: string; readonly dimensions: number };
}

/** What has happened since the start; read by the metrics. */
export interface GalleryCounters {
  matches: number;
  /** Records that were damaged or put in another's place. */
  unreadable: number;
}

const MAX_GALLERIES = 1000;
const MAX_TAGS = 50;
const MAX_PERSON_LENGTH = 255;
const DAY_MS = 86_400_000;
/** As for CollectionId of Amazon Rekognition. */
const GALLERY_NAME = /^[a-zA-Z0-9_.-]{1,255}$/;

interface GalleryRow {
  readonly name: string;
  readonly created_ms: number;
  readonly retention_days: number | null;
  readonly tags: string;
  readonly faces: number;
}

interface FaceRow {
  readonly face_id: string;
  readonly created_ms: number;
  readonly sealed: Uint8Array;
}

/**
 * Galleries in `<dataDir>/faces.db`, apart from the catalog: what is deleted there is overwritten. Each face is sealed
 * (sealed-face.ts) with a key that is made with the first one. A gallery is decrypted into memory when it is first asked for a
 * match.
 */
export class SqliteGalleries implements Galleries {
  readonly counters: GalleryCounters = { matches: 0, unreadable: 0 };
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #options: SqliteGalleriesOptions;
  readonly #keyPath: string;
  readonly #ids: FaceIds;
  readonly #vectors = new Map<string, FaceVectors>();
  #key: KeyObject | undefined;

  private constructor(database: DatabaseSync, options: SqliteGalleriesOptions) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#options = options;
    this.#keyPath = options.keyFile ?? faceKeyPath(options.dataDir);
    this.#key = this.#readKey();
    this.#ids = new FaceIds(this.#statements.lastFaceId.get()?.face_id as string | undefined);
  }

  /**
   * Throws GalleryError `unreadable` when there are faces and the key file is not theirs, CatalogError `damaged`, `too-new`, and the
   * system's error.
   */
  static open(options: SqliteGalleriesOptions): SqliteGalleries {
    return openSqliteFile(join(options.dataDir, 'faces.db'), GALLERIES_SCHEMA, (database) => {
      // No write-ahead log: it would keep what was deleted until it is written over. Freed bytes become zeros in their place.
      database.exec('PRAGMA journal_mode = TRUNCATE; PRAGMA secure_delete = ON;');
      return new SqliteGalleries(database, options);
    });
  }

  /** Faces of all galleries. */
  get size(): number {
    return Number(this.#statements.countFaces.get()?.count);
  }

  /** Decrypts every gallery now (35 µs a face), rather than when the first match is asked for. */
  load(): void {
    for (const { name } of this.list()) this.#vectorsOf(name);
  }

  list(): GalleryInfo[] {
    return (this.#statements.galleries.all() as unknown as GalleryRow[]).map(infoOfRow);
  }

  gallery(name: string): GalleryInfo | undefined {
    const row = this.#statements.gallery.get(name) as GalleryRow | undefined;
    return row === undefined ? undefined : infoOfRow(row);
  }

  create(
    name: string,
    { retentionDays = null, tags = {}, nowMs }: Parameters<Galleries['create']>[1],
  ): GalleryInfo {
    if (!GALLERY_NAME.test(name)) {
      throw new GalleryError(
        'invalid-name',
        'a gallery is named with 1 to 255 letters, digits, `_`, `.` and `-`',
      );
    }
    if (this.gallery(name) !== undefined) {
      throw new GalleryError('already-exists', `there is a gallery ${name} already`);
    }
    if (Number(this.#statements.countGalleries.get()?.count) >= MAX_GALLERIES) {
      throw new GalleryError('limit-exceeded', `there may be ${MAX_GALLERIES} galleries`);
    }
    this.#statements.insertGallery.run({
      name,
      created: nowMs,
      retention: retentionDays,
      tags: textOf(tags),
    });
    return { name, createdMs: nowMs, faces: 0, retentionDays, tags };
  }

  remove(name: string): void {
    if (this.#statements.deleteGallery.run(name).changes === 0) throw unknownGallery(name);
    this.#vectors.get(name)?.clear();
    this.#vectors.delete(name);
  }

  setTags(name: string, tags: Readonly<Record<string, string>>): void {
    if (this.#statements.setTags.run(textOf(tags), name).changes === 0) throw unknownGallery(name);
  }

  setRetention(name: string, retentionDays: number | null): void {
    if (this.#statements.setRetention.run(retentionDays, name).changes === 0) throw unknownGallery(name);
  }

  addFaces(gallery: string, faces: readonly NewFace[], nowMs: number): GalleryFace[] {
    if (this.gallery(gallery) === undefined) throw unknownGallery(gallery);
    for (const face of faces) this.#check(face);
    if (this.size + faces.length > this.#options.maxFaces) {
      throw new GalleryError('limit-exceeded', `there may be ${this.#options.maxFaces} faces on this server`);
    }
    const key = this.#ensureKey();
    const added = faces.map((face) => ({ face, stored: galleryFace(this.#ids.next(nowMs), nowMs, face) }));
    inTransaction(this.#database, () => {
      for (const { face, stored } of added) {
        const sealed = sealFace(key, { gallery, faceId: stored.faceId }, this.#contentOf(face));
        this.#statements.insertFace.run({ faceId: stored.faceId, gallery, created: nowMs, sealed });
      }
    });
    const vectors = this.#vectors.get(gallery);
    for (const { face, stored } of added) vectors?.add(stored, face.embedding);
    return added.map(({ stored }) => stored);
  }

  faces(
    gallery: string,
    { after = '', limit }: { readonly after?: string; readonly limit: number },
  ): GalleryFace[] {
    const rows = this.#statements.page.all(gallery, after, limit) as unknown as FaceRow[];
    return rows.flatMap((row) => {
      const content = this.#open(gallery, row);
      return content === undefined ? [] : [galleryFace(row.face_id, row.created_ms, content)];
    });
  }

  face(
    gallery: string,
    faceId: string,
  ): { readonly face: GalleryFace; readonly embedding: Float32Array } | undefined {
    const row = this.#statements.face.get(gallery, faceId) as FaceRow | undefined;
    const content = row === undefined ? undefined : this.#open(gallery, row);
    if (row === undefined || content?.model !== this.#options.model.sha256) return undefined;
    return { face: galleryFace(row.face_id, row.created_ms, content), embedding: content.embedding };
  }

  removeFaces(gallery: string, faceIds: readonly string[]): string[] {
    const removed = inTransaction(this.#database, () =>
      [...new Set(faceIds)].filter((id) => this.#statements.deleteFace.run(gallery, id).changes > 0),
    );
    for (const id of removed) this.#vectors.get(gallery)?.remove(id);
    return removed;
  }

  match(
    gallery: string,
    embedding: Float32Array,
    { minSimilarity, limit }: { readonly minSimilarity: number; readonly limit: number },
  ): FaceMatch[] {
    this.#checkEmbedding(embedding);
    this.counters.matches++;
    return this.#vectorsOf(gallery)?.match(embedding, minSimilarity, limit) ?? [];
  }

  expire(nowMs: number): number {
    const { overdue } = this.#statements;
    const faces = overdue.all({ now: nowMs, day: DAY_MS }) as unknown as {
      gallery: string;
      face_id: string;
    }[];
    for (const [gallery, own] of Map.groupBy(faces, (face) => face.gallery)) {
      this.removeFaces(
        gallery,
        own.map(({ face_id }) => face_id),
      );
    }
    return faces.length;
  }

  close(): void {
    for (const vectors of this.#vectors.values()) vectors.clear();
    this.#vectors.clear();
    this.#database.close();
  }

  #vectorsOf(gallery: string): FaceVectors | undefined {
    const known = this.#vectors.get(gallery);
    if (known !== undefined) return known;
    if (this.gallery(gallery) === undefined) return undefined;
    const vectors = new FaceVectors(this.#options.model.dimensions);
    for (const row of this.#statements.all.iterate(gallery) as unknown as Iterable<FaceRow>) {
      const content = this.#open(gallery, row);
      if (content === undefined || content.model !== this.#options.model.sha256) continue;
      vectors.add(galleryFace(row.face_id, row.created_ms, content), content.embedding);
    }
    this.#vectors.set(gallery, vectors);
    return vectors;
  }

  /** `undefined` for a record that is not what was stored: one bad record must not hide the others. */
  #open(gallery: string, { face_id, sealed }: FaceRow): FaceContent | undefined {
    try {
      return openFace(this.#ensureKey(), { gallery, faceId: face_id }, sealed);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.counters.unreadable++;
      return undefined;
    }
  }

  #contentOf({ person, imageId, box, score, embedding }: NewFace): FaceContent {
    const { sha256 } = this.#options.model;
    return { ...(person === undefined ? {} : { person }), imageId, box, score, embedding, model: sha256 };
  }

  /** The key that the stored faces are sealed with; `undefined` while there are none. */
  #readKey(): KeyObject | undefined {
    const check = this.#statements.keyCheck.get()?.sealed as Uint8Array | undefined;
    if (check === undefined) return undefined;
    if (this.size === 0) {
      this.#statements.deleteKeyCheck.run();
      return undefined;
    }
    const remedy = `put the key of faces.db back at ${this.#keyPath}, or move faces.db away`;
    const key = readFaceKey(this.#keyPath);
    if (key === undefined)
      throw new GalleryError('unreadable', `there are faces, but no key file: ${remedy}`);
    try {
      checkKey(key, check);
    } catch (cause) {
      throw new GalleryError('unreadable', `the key file is not that of the faces: ${remedy}`, { cause });
    }
    return key;
  }

  #ensureKey(): KeyObject {
    if (this.#key !== undefined) return this.#key;
    const key = readFaceKey(this.#keyPath) ?? makeFaceKey(this.#keyPath);
    this.#statements.putKeyCheck.run(sealKeyCheck(key));
    this.#key = key;
    return key;
  }

  #check({ person, embedding }: NewFace): void {
    this.#checkEmbedding(embedding);
    if (person === undefined || (person.length > 0 && person.length <= MAX_PERSON_LENGTH)) return;
    throw new GalleryError('invalid-name', `a person is named with 1 to ${MAX_PERSON_LENGTH} characters`);
  }

  #checkEmbedding(embedding: Float32Array): void {
    const { dimensions } = this.#options.model;
    if (embedding.length === dimensions) return;
    throw new RangeError(`an embedding has ${dimensions} numbers, not ${embedding.length}`);
  }
}

function unknownGallery(name: string): GalleryError {
  return new GalleryError('not-found', `there is no gallery ${name}`);
}

function textOf(tags: Readonly<Record<string, string>>): string {
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new GalleryError('limit-exceeded', `a gallery may have ${MAX_TAGS} tags`);
  }
  return JSON.stringify(tags);
}

function infoOfRow(row: GalleryRow): GalleryInfo {
  return {
    name: row.name,
    createdMs: row.created_ms,
    faces: row.faces,
    retentionDays: row.retention_days,
    tags: JSON.parse(row.tags) as Record<string, string>,
  };
}

function galleryFace(
  faceId: string,
  createdMs: number,
  {
    person,
    imageId,
    box,
    score,
  }: Pick<NewFace, 'imageId' | 'box' | 'score'> & { readonly person?: string | undefined },
): GalleryFace {
  return { faceId, person, imageId, createdMs, box, score };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: DatabaseSync) {
  const info = `SELECT *, (SELECT count(*) FROM faces WHERE gallery = name) AS faces FROM galleries`;
  const face = 'SELECT face_id, created_ms, sealed FROM faces WHERE gallery = ?';
  return {
    galleries: database.prepare(`${info} ORDER BY name`),
    gallery: database.prepare(`${info} WHERE name = ?`),
    countGalleries: database.prepare('SELECT count(*) AS count FROM galleries'),
    insertGallery: database.prepare('INSERT INTO galleries VALUES (:name, :created, :retention, :tags)'),
    deleteGallery: database.prepare('DELETE FROM galleries WHERE name = ?'),
    setTags: database.prepare('UPDATE galleries SET tags = ? WHERE name = ?'),
    setRetention: database.prepare('UPDATE galleries SET retention_days = ? WHERE name = ?'),
    countFaces: database.prepare('SELECT count(*) AS count FROM faces'),
    lastFaceId: database.prepare('SELECT face_id FROM faces ORDER BY face_id DESC LIMIT 1'),
    insertFace: database.prepare('INSERT INTO faces VALUES (:faceId, :gallery, :created, :sealed)'),
    deleteFace: database.prepare('DELETE FROM faces WHERE gallery = ? AND face_id = ?'),
    face: database.prepare(`${face} AND face_id = ?`),
    page: database.prepare(`${face} AND face_id > ? ORDER BY face_id LIMIT ?`),
    all: database.prepare(`${face} ORDER BY face_id`),
    overdue: database.prepare(
      `SELECT gallery, face_id FROM faces JOIN galleries ON name = gallery
       WHERE retention_days IS NOT NULL AND faces.created_ms <= :now - retention_days * :day`,
    ),
    keyCheck: database.prepare('SELECT sealed FROM key_check'),
    deleteKeyCheck: database.prepare('DELETE FROM key_check'),
    putKeyCheck: database.prepare('INSERT INTO key_check VALUES (1, ?)'),
  };
}
