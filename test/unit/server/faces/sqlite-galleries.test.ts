import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CatalogError } from '../../../../server/catalog/catalog.ts';
import { GalleryError, type NewFace } from '../../../../server/faces/gallery.ts';
import { SqliteGalleries, type SqliteGalleriesOptions } from '../../../../server/faces/sqlite-galleries.ts';
import { near, unitVector } from './unit-vectors.ts';

const DIMENSIONS = 64;
const NOW_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;

let dataDir: string;
let galleries: SqliteGalleries;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'framelog-faces-'));
  galleries = open();
});

afterEach(() => {
  galleries.close();
  rmSync(dataDir, { recursive: true });
});

function open(change: Partial<SqliteGalleriesOptions> = {}): SqliteGalleries {
  const model = { sha256: 'a'.repeat(64), dimensions: DIMENSIONS };
  return SqliteGalleries.open({ dataDir, maxFaces: 100, model, ...change });
}

function reopen(change: Partial<SqliteGalleriesOptions> = {}): void {
  galleries.close();
  galleries = open(change);
}

function face(seed: number, person: string | undefined = `person ${seed}`): NewFace {
  const embedding = unitVector(seed, DIMENSIONS);
  return { person, imageId: `image ${seed}`, box: [0.1, 0.2, 0.3, 0.4], score: 0.9, embedding };
}

const withCode = (code: string) => (error: unknown) => error instanceof GalleryError && error.code === code;
const ANY = { minSimilarity: 0, limit: 10 };

describe('SqliteGalleries', () => {
  it('keeps galleries, also after reopening', () => {
    galleries.create('staff', { retentionDays: 30, tags: { site: 'north' }, nowMs: NOW_MS });
    galleries.create('guests', { nowMs: NOW_MS + 1 });
    reopen();
    assert.deepEqual(galleries.list(), [
      { name: 'guests', createdMs: NOW_MS + 1, faces: 0, retentionDays: null, tags: {} },
      { name: 'staff', createdMs: NOW_MS, faces: 0, retentionDays: 30, tags: { site: 'north' } },
    ]);
    galleries.setTags('staff', {});
    galleries.setRetention('staff', null);
    assert.deepEqual(galleries.gallery('staff')?.tags, {});
    assert.equal(galleries.gallery('staff')?.retentionDays, null);
    assert.equal(galleries.gallery('nobody'), undefined);
  });

  it('refuses names and galleries that cannot be', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    assert.throws(() => galleries.create('staff', { nowMs: NOW_MS }), withCode('already-exists'));
    assert.throws(() => galleries.create('a b', { nowMs: NOW_MS }), withCode('invalid-name'));
    assert.throws(() => galleries.remove('nobody'), withCode('not-found'));
    assert.throws(() => galleries.setTags('nobody', {}), withCode('not-found'));
    assert.throws(() => galleries.setRetention('nobody', 1), withCode('not-found'));
    assert.throws(() => galleries.addFaces('nobody', [face(1)], NOW_MS), withCode('not-found'));
    assert.throws(() => galleries.addFaces('staff', [face(1, '')], NOW_MS), withCode('invalid-name'));
    assert.throws(
      () => galleries.addFaces('staff', [{ ...face(1), embedding: new Float32Array(3) }], NOW_MS),
      RangeError,
    );
  });

  it('gives faces back as they were, in pages in the order of their making', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    const made = [1, 2, 3, 4, 5].flatMap((seed) => galleries.addFaces('staff', [face(seed)], NOW_MS - seed));
    reopen();
    const first = galleries.faces('staff', { limit: 2 });
    const rest = galleries.faces('staff', { limit: 10, after: first[1]?.faceId ?? '' });
    assert.deepEqual([...first, ...rest], made);
    const [one] = made;
    assert.ok(one !== undefined);
    assert.deepEqual(galleries.face('staff', one.faceId), { face: one, embedding: face(1).embedding });
    assert.equal(one.person, 'person 1');
    assert.deepEqual(one.box, [0.1, 0.2, 0.3, 0.4]);
    assert.equal(galleries.face('other', one.faceId), undefined);
    const [nameless] = galleries.addFaces('staff', [{ ...face(9), person: undefined }], NOW_MS);
    assert.equal(galleries.face('staff', nameless?.faceId ?? '')?.face.person, undefined);
  });

  it('goes on with a page whose last face was deleted meanwhile', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    const made = galleries.addFaces('staff', [face(1), face(2), face(3)], NOW_MS);
    const after = made[1]?.faceId ?? '';
    galleries.removeFaces('staff', [after]);
    assert.deepEqual(galleries.faces('staff', { limit: 10, after }), made.slice(2));
  });

  it('matches the most alike first, in its own gallery only, before and after reopening', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.create('guests', { nowMs: NOW_MS });
    galleries.addFaces('staff', [face(1), face(2), face(3)], NOW_MS);
    galleries.addFaces('guests', [face(4)], NOW_MS);
    const asked = near(face(2).embedding, 0.1);
    for (const look of [() => {}, reopen]) {
      look();
      const matches = galleries.match('staff', asked, { minSimilarity: 0, limit: 2 });
      assert.equal(matches.length, 2);
      assert.equal(matches[0]?.face.person, 'person 2');
      assert.ok((matches[0]?.similarity ?? 0) > 0.98);
      assert.ok((matches[1]?.similarity ?? 1) < 0.9);
      assert.equal(galleries.match('staff', asked, { minSimilarity: 0.95, limit: 5 }).length, 1);
    }
    galleries.addFaces('staff', [face(5)], NOW_MS);
    assert.equal(galleries.match('staff', face(5).embedding, ANY)[0]?.face.person, 'person 5');
    assert.deepEqual(galleries.match('nobody', asked, ANY), []);
  });

  it('has as many faces as it may, and no more', () => {
    reopen({ maxFaces: 2 });
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.addFaces('staff', [face(1)], NOW_MS);
    assert.throws(() => galleries.addFaces('staff', [face(2), face(3)], NOW_MS), withCode('limit-exceeded'));
    assert.equal(galleries.size, 1);
    galleries.addFaces('staff', [face(2)], NOW_MS);
  });

  it('deletes faces whose time is over', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.create('guests', { retentionDays: 1, nowMs: NOW_MS });
    galleries.addFaces('staff', [face(1)], NOW_MS);
    galleries.addFaces('guests', [face(2)], NOW_MS);
    galleries.addFaces('guests', [face(3)], NOW_MS + 1000);
    assert.equal(galleries.match('guests', face(2).embedding, { minSimilarity: 0.9, limit: 1 }).length, 1);
    assert.equal(galleries.expire(NOW_MS + DAY_MS - 1), 0);
    assert.equal(galleries.expire(NOW_MS + DAY_MS), 1);
    assert.deepEqual(
      galleries.faces('guests', { limit: 10 }).map(({ person }) => person),
      ['person 3'],
    );
    assert.equal(galleries.match('guests', face(2).embedding, { minSimilarity: 0.9, limit: 1 }).length, 0);
    assert.equal(galleries.size, 2);
  });

  it('does not compare what another model has made', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    const [made] = galleries.addFaces('staff', [face(1)], NOW_MS);
    reopen({ model: { sha256: 'b'.repeat(64), dimensions: 2 * DIMENSIONS } });
    assert.deepEqual(galleries.match('staff', unitVector(1, 2 * DIMENSIONS), ANY), []);
    assert.equal(galleries.face('staff', made?.faceId ?? ''), undefined);
    assert.equal(galleries.faces('staff', { limit: 10 }).length, 1);
  });
});

describe('Faces on the disk', () => {
  const onDisk = () => Buffer.concat(readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name))));
  const sealedOf = () => {
    const database = new DatabaseSync(join(dataDir, 'faces.db'), { readOnly: true });
    try {
      const rows = database.prepare('SELECT sealed FROM faces').all() as unknown as { sealed: Uint8Array }[];
      return rows.map(({ sealed }) => Buffer.from(sealed));
    } finally {
      database.close();
    }
  };

  it('are sealed: neither names nor embeddings are in clear, and only the owner reads the files', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.addFaces('staff', [face(1, 'Ada Lovelace')], NOW_MS);
    const { embedding } = face(1);
    const floats = Buffer.from(embedding.buffer, embedding.byteOffset, 16);
    const disk = onDisk();
    assert.equal(disk.includes('Ada'), false);
    assert.equal(disk.includes('image 1'), false);
    assert.equal(disk.includes(floats), false);
    for (const name of ['faces.db', 'faces.key']) {
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
    }
  });

  it('are overwritten when they are deleted', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.create('guests', { nowMs: NOW_MS });
    const [first] = galleries.addFaces('staff', [face(1), face(2)], NOW_MS);
    galleries.addFaces('guests', [face(3)], NOW_MS);
    const pieces = sealedOf().map((sealed) => sealed.subarray(40, 72));
    assert.deepEqual(
      pieces.map((piece) => onDisk().includes(piece)),
      [true, true, true],
    );
    assert.deepEqual(galleries.removeFaces('staff', [first?.faceId ?? '', 'unknown']), [first?.faceId]);
    assert.deepEqual(
      pieces.map((piece) => onDisk().includes(piece)),
      [false, true, true],
    );
    galleries.remove('guests');
    assert.deepEqual(
      pieces.map((piece) => onDisk().includes(piece)),
      [false, true, false],
    );
    assert.deepEqual(galleries.match('guests', face(3).embedding, ANY), []);
  });

  it('make no key before there is a face', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    assert.deepEqual(galleries.match('staff', face(1).embedding, ANY), []);
    assert.equal(readdirSync(dataDir).includes('faces.key'), false);
  });

  it('need their own key', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    galleries.addFaces('staff', [face(1)], NOW_MS);
    const path = join(dataDir, 'faces.key');
    const key = readFileSync(path);
    writeFileSync(path, `${'0'.repeat(64)}\n`);
    assert.throws(() => open(), withCode('unreadable'));
    writeFileSync(path, 'not a key');
    assert.throws(() => open(), withCode('unreadable'));
    rmSync(path);
    assert.throws(() => open(), withCode('unreadable'));
    writeFileSync(path, key);
    reopen();
    assert.equal(galleries.match('staff', face(1).embedding, ANY).length, 1);
  });

  it('may have their key elsewhere, and a new one when nothing is left to read', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'framelog-key-'));
    try {
      reopen({ keyFile: join(elsewhere, 'key') });
      galleries.create('staff', { nowMs: NOW_MS });
      const [made] = galleries.addFaces('staff', [face(1)], NOW_MS);
      assert.deepEqual(readdirSync(elsewhere), ['key']);
      galleries.removeFaces('staff', [made?.faceId ?? '']);
      rmSync(join(elsewhere, 'key'));
      reopen({ keyFile: join(elsewhere, 'key') });
      galleries.addFaces('staff', [face(2)], NOW_MS);
      reopen({ keyFile: join(elsewhere, 'key') });
      assert.equal(galleries.match('staff', face(2).embedding, ANY).length, 1);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('in the place of another face are not taken for it', () => {
    galleries.create('staff', { nowMs: NOW_MS });
    const [one, two] = galleries.addFaces('staff', [face(1), face(2)], NOW_MS);
    galleries.close();
    const database = new DatabaseSync(join(dataDir, 'faces.db'));
    database
      .prepare('UPDATE faces SET sealed = (SELECT sealed FROM faces WHERE face_id = ?) WHERE face_id = ?')
      .run(two?.faceId ?? '', one?.faceId ?? '');
    database.close();
    galleries = open();
    assert.deepEqual(
      galleries.match('staff', face(2).embedding, ANY).map(({ face: { person } }) => person),
      ['person 2'],
    );
    assert.equal(galleries.face('staff', one?.faceId ?? ''), undefined);
    assert.equal(galleries.counters.unreadable, 2);
  });

  it('are not those of another program', () => {
    galleries.close();
    rmSync(join(dataDir, 'faces.db'));
    const database = new DatabaseSync(join(dataDir, 'other.db'));
    database.exec('CREATE TABLE things (name TEXT)');
    database.close();
    renameSync(join(dataDir, 'other.db'), join(dataDir, 'faces.db'));
    assert.throws(() => open(), CatalogError);
    rmSync(join(dataDir, 'faces.db'));
    galleries = open();
  });
});
