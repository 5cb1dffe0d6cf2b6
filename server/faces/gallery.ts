import type { Box } from '../../ml/geometry/box.ts';

/**
 * Galleries of known faces (collections, in the words of Amazon Rekognition). Embeddings are biometric data: encrypted at rest,
 * deleted when asked for and when their time is over. The implementation is `SqliteGalleries` in sqlite-galleries.ts.
 */

export interface GalleryInfo {
  readonly name: string;
  readonly createdMs: number;
  readonly faces: number;
  /** Faces are deleted after this long; `null`: kept until they are deleted by hand. */
  readonly retentionDays: number | null;
  readonly tags: Readonly<Record<string, string>>;
}

export interface GalleryFace {
  /** UUID. */
  readonly faceId: string;
  /** Who it is, in the operator's words (ExternalImageId). */
  readonly person: string | undefined;
  /** UUID of the picture that it came from. */
  readonly imageId: string;
  readonly createdMs: number;
  /** In that picture. */
  readonly box: Box;
  /** 0 to 1. */
  readonly score: number;
}

export interface FaceMatch {
  readonly face: GalleryFace;
  /** Cosine similarity, 0 to 1. */
  readonly similarity: number;
}

/** `unreadable`: the stored faces and the key file do not belong together. */
export type GalleryErrorCode =
  | 'not-found'
  | 'already-exists'
  | 'invalid-name'
  | 'limit-exceeded'
  | 'no-face'
  | 'unreadable';

export class GalleryError extends Error {
  readonly code: GalleryErrorCode;

  constructor(code: GalleryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GalleryError';
    this.code = code;
  }
}

export interface NewFace {
  readonly person: string | undefined;
  readonly imageId: string;
  readonly box: Box;
  readonly score: number;
  /** Unit vector. */
  readonly embedding: Float32Array;
}

/** All of it is durable before it answers. Throws GalleryError. */
export interface Galleries {
  list(): GalleryInfo[];
  gallery(name: string): GalleryInfo | undefined;
  create(
    name: string,
    options: {
      readonly retentionDays?: number | null;
      readonly tags?: Readonly<Record<string, string>>;
      readonly nowMs: number;
    },
  ): GalleryInfo;
  /** With its faces. */
  remove(name: string): void;
  setTags(name: string, tags: Readonly<Record<string, string>>): void;
  setRetention(name: string, retentionDays: number | null): void;
  addFaces(gallery: string, faces: readonly NewFace[], nowMs: number): GalleryFace[];
  /** In the order of their making; pages by the id of the last one seen. */
  faces(gallery: string, page: { readonly after?: string; readonly limit: number }): GalleryFace[];
  /** One whose embedding can be compared: not that of a former model. */
  face(
    gallery: string,
    faceId: string,
  ): { readonly face: GalleryFace; readonly embedding: Float32Array } | undefined;
  /** Answers the ids that were there. */
  removeFaces(gallery: string, faceIds: readonly string[]): string[];
  /** The most alike first; only those from `minSimilarity` on. An unknown gallery has no faces. */
  match(
    gallery: string,
    embedding: Float32Array,
    options: { readonly minSimilarity: number; readonly limit: number },
  ): FaceMatch[];
  /** Deletes faces whose time is over; answers how many. */
  expire(nowMs: number): number;
  close(): void;
}
