import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { GalleryError } from './gallery.ts';

const KEY_BYTES = 32;

/** Where the key of a data folder's faces is, when no other place is set. */
export function faceKeyPath(dataDir: string): string {
  return join(dataDir, 'faces.key');
}

/**
 * The key under which faces are encrypted: 32 random bytes as 64 hexadecimal digits, in a file of their own that only the owner
 * may read; `undefined` while there is none. Throws GalleryError `unreadable` for a file that holds no key, and the system's
 * error.
 */
export function readFaceKey(path: string): KeyObject | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'latin1').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new GalleryError(
      'unreadable',
      `${path} is no key of faces: 64 hexadecimal digits were expected. Put the right file back, or move it and the faces away.`,
    );
  }
  chmodSync(path, 0o600);
  return createSecretKey(text, 'hex');
}

/** Makes a key where none is; whole and synced before it has its name. */
export function makeFaceKey(path: string): KeyObject {
  const key = randomBytes(KEY_BYTES);
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, `${key.toString('hex')}\n`);
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
  return createSecretKey(key);
}

/** Faces must not be on the disk before their key is: its name too. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
