import { randomBytes, randomInt } from 'node:crypto';
import type { KeyRecord, Right } from '../catalog/catalog.ts';

/** 32 letters and digits as AWS uses them in access key ids: no 0, 1, 8, 9. */
const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** `FL` and 18 characters: as long as an AWS access key id, and told apart from one. */
const ID_PREFIX = 'FL';
const ID_LENGTH = 20;

/** What a new key is asked to be. */
export interface NewKey {
  readonly name: string;
  readonly rights: readonly Right[];
  /** Epoch ms; `null`: never. */
  readonly expiresMs: number | null;
}

/** A key with a new id and a new secret of 40 characters (240 random bits) that needs no escaping in a URL. */
export function makeKey(wanted: NewKey, nowMs: number): KeyRecord {
  return {
    id: newKeyId(),
    name: wanted.name,
    secret: newKeySecret(),
    rights: wanted.rights,
    createdMs: nowMs,
    expiresMs: wanted.expiresMs,
    revokedMs: null,
  };
}

/** Not one that begins with a dash: on command lines it would be taken for an option. */
function newKeySecret(): string {
  for (;;) {
    const secret = randomBytes(30).toString('base64url');
    if (!secret.startsWith('-')) return secret;
  }
}

function newKeyId(): string {
  let id = ID_PREFIX;
  while (id.length < ID_LENGTH) id += ID_ALPHABET[randomInt(ID_ALPHABET.length)];
  return id;
}
