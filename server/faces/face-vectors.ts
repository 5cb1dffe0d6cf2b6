import type { FaceMatch, GalleryFace } from './gallery.ts';

const FIRST_ROWS = 64;

/**
 * The embeddings of one gallery in memory, one row a face, in one array: what is compared with is read from front to back. Cosine
 * similarity of unit vectors is their inner product.
 */
export class FaceVectors {
  readonly #dimensions: number;
  readonly #faces: GalleryFace[] = [];
  readonly #rowOf = new Map<string, number>();
  #rows: Float32Array;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#rows = new Float32Array(FIRST_ROWS * dimensions);
  }

  get size(): number {
    return this.#faces.length;
  }

  add(face: GalleryFace, embedding: Float32Array): void {
    const row = this.#faces.length;
    if ((row + 1) * this.#dimensions > this.#rows.length) this.#grow();
    this.#rows.set(embedding, row * this.#dimensions);
    this.#rowOf.set(face.faceId, row);
    this.#faces.push(face);
  }

  /** The last row moves into the gap; nothing of the embedding stays in memory. */
  remove(faceId: string): void {
    const row = this.#rowOf.get(faceId);
    const last = this.#faces.at(-1);
    if (row === undefined || last === undefined) return;
    this.#faces.pop();
    const lastStart = this.#faces.length * this.#dimensions;
    if (row < this.#faces.length) {
      this.#rows.copyWithin(row * this.#dimensions, lastStart, lastStart + this.#dimensions);
      this.#faces[row] = last;
      this.#rowOf.set(last.faceId, row);
    }
    this.#rows.fill(0, lastStart, lastStart + this.#dimensions);
    this.#rowOf.delete(faceId);
  }

  /** The most alike first, at most `limit`; of equal ones the older first. */
  match(embedding: Float32Array, minSimilarity: number, limit: number): FaceMatch[] {
    const best: FaceMatch[] = [];
    let least = minSimilarity;
    for (const [row, face] of this.#faces.entries()) {
      // Rounding can take the product of equal vectors past 1.
      const similarity = Math.min(1, innerProduct(this.#rows, row * this.#dimensions, embedding));
      if (similarity < least) continue;
      const match = { face, similarity };
      const place = best.findIndex((other) => isBefore(match, other));
      best.splice(place === -1 ? best.length : place, 0, match);
      if (best.length <= limit) continue;
      best.pop();
      least = best.at(-1)?.similarity ?? least;
    }
    return best;
  }

  /** Nothing of it stays in memory. */
  clear(): void {
    this.#rows.fill(0);
    this.#faces.length = 0;
    this.#rowOf.clear();
  }

  #grow(): void {
    const former = this.#rows;
    this.#rows = new Float32Array(2 * former.length);
    this.#rows.set(former);
    former.fill(0);
  }
}

function isBefore(one: FaceMatch, other: FaceMatch): boolean {
  if (one.similarity !== other.similarity) return one.similarity > other.similarity;
  return one.face.faceId < other.face.faceId;
}

/** Four sums at once: each addition would otherwise wait for the one before. */
function innerProduct(rows: Float32Array, start: number, vector: Float32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < vector.length; i += 4) {
    a += (rows[start + i] as number) * (vector[i] as number);
    b += (rows[start + i + 1] as number) * (vector[i + 1] as number);
    c += (rows[start + i + 2] as number) * (vector[i + 2] as number);
    d += (rows[start + i + 3] as number) * (vector[i + 3] as number);
  }
  return a + b + c + d;
}
