import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { endianness } from 'node:os';
import type { NewFace } from './gallery.ts';

/**
 * A face as it lies on the disk: AES-256-GCM (NIST SP 800-38D) over who it is, where it came from and its embedding. Nothing of
 * it is in clear. The associated data names its gallery and its id, so that a record cannot be put in another's place.
 *
 *   nonce (12 bytes) | ciphertext of: length of the JSON (4 bytes, big endian), JSON, embedding (float32, little endian) | tag (16)
 */

const CIPHER = 'aes-256-gcm';
/** Random, as SP 800-38D section 8.2.2 allows for up to 2^32 records of one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'framelog.face/1';
const IS_BIG_ENDIAN = endianness() === 'BE';

export interface FacePlace {
  readonly gallery: string;
  readonly faceId: string;
}

/** What is sealed. */
export type FaceContent = Omit<NewFace, 'person'> & {
  readonly person?: string;
  /** Hash of the model that made the embedding: only those of one model can be compared. */
  readonly model: string;
};

/** A record that the key does not open: another key's, damaged, or in another's place. */
export class SealError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
  }
}

export function sealFace(key: KeyObject, place: FacePlace, content: FaceContent): Uint8Array {
  const { embedding, ...facts } = content;
  const json = Buffer.from(JSON.stringify(facts));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return seal(key, placeText(place), [length, json, bytesOf(embedding)]);
}

/** Throws SealError. */
export function openFace(key: KeyObject, place: FacePlace, sealed: Uint8Array): FaceContent {
  const plain = open(key, placeText(place), sealed);
  const jsonEnd = 4 + plain.readUInt32BE(0);
  const facts = JSON.parse(plain.toString('utf8', 4, jsonEnd)) as Omit<FaceContent, 'embedding'>;
  const embedding = floatsOf(plain.subarray(jsonEnd));
  plain.fill(0);
  return { ...facts, embedding };
}

/** A record by which a key is recognised. */
export function sealKeyCheck(key: KeyObject): Uint8Array {
  return seal(key, FORMAT, [Buffer.from(FORMAT)]);
}

/** Throws SealError. */
export function checkKey(key: KeyObject, sealed: Uint8Array): void {
  open(key, FORMAT, sealed);
}

function placeText({ gallery, faceId }: FacePlace): string {
  return `${FORMAT}\0${gallery}\0${faceId}`;
}

function seal(key: KeyObject, associated: string, parts: readonly Uint8Array[]): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(associated));
  const sealed = parts.map((part) => cipher.update(part));
  return Buffer.concat([nonce, ...sealed, cipher.final(), cipher.getAuthTag()]);
}

function open(key: KeyObject, associated: string, sealed: Uint8Array): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SealError('the record is too short');
  const tagStart = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(associated))
    .setAuthTag(sealed.subarray(tagStart));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, tagStart));
  try {
    decipher.final();
  } catch (cause) {
    plain.fill(0);
    throw new SealError('the key does not open the record', { cause });
  }
  return plain;
}

/** In the order of the disk. */
function bytesOf(floats: Float32Array): Uint8Array {
  return inDiskOrder(Buffer.from(Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength)));
}

function floatsOf(bytes: Uint8Array): Float32Array {
  // A copy that begins at a multiple of four, as floats must.
  const copy = inDiskOrder(Buffer.from(new Uint8Array(bytes).buffer));
  return new Float32Array(copy.buffer, copy.byteOffset, copy.length / Float32Array.BYTES_PER_ELEMENT);
}

function inDiskOrder(floats: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  return IS_BIG_ENDIAN ? floats.swap32() : floats;
}
