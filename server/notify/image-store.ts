import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeliveryError } from './delivery-error.ts';
import type { ImageDestination } from './destinations.ts';
import { deliverHttp } from './http-delivery.ts';
import { s3PutRequest } from './s3-request.ts';

/** A generated image on its way to where it is kept. */
export interface GeneratedImage {
  /** See imageName. */
  readonly name: string;
  readonly contentType: 'image/jpeg' | 'image/png';
  readonly metadata: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
}

/**
 * Stores an image: an object with its metadata, or a file with a `.json` of them beside it; a file is complete as soon as it has
 * its name. Throws DeliveryError.
 */
export async function storeImage(
  destination: ImageDestination,
  image: GeneratedImage,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { name, contentType, metadata, bytes } = image;
  if (destination.type === 'bucket') {
    const { bucket, prefix, access } = destination;
    const key = prefix === '' ? name : `${prefix}/${name}`;
    await deliverHttp(
      s3PutRequest(access, { bucket, key, contentType, metadata, body: bytes }, nowMs),
      signal,
    );
    return;
  }
  try {
    await mkdir(destination.path, { recursive: true });
    const path = join(destination.path, fileNameOf(name));
    await writeWhole(`${path}.json`, JSON.stringify(Object.fromEntries(metadata)));
    await writeWhole(path, bytes);
  } catch (cause) {
    throw new DeliveryError(`the image cannot be written: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  }
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${path}.part`;
  try {
    await writeFile(unfinished, content);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** `<prefix>_<account>_<stream>_<epoch ms>_<uuid>.jpg` (kvs.md §1.4); the prefix and its underscore only where there is one. */
export function imageName(parts: {
  readonly prefix: string | undefined;
  readonly accountId: string;
  readonly stream: string;
  readonly frameMs: number;
  readonly uuid: string;
  readonly extension: 'jpg' | 'png';
}): string {
  const { prefix, accountId, stream, frameMs, uuid, extension } = parts;
  const name = `${accountId}_${stream}_${Math.round(frameMs)}_${uuid}.${extension}`;
  return prefix === undefined ? name : `${prefix}_${name}`;
}

/** Most characters of a file name: its end, where the time and the unique part are. */
const MAX_FILE_NAME = 200;

/** The prefix comes from a producer: what could mean another folder, or nothing on some disk, is replaced. */
function fileNameOf(name: string): string {
  return name
    .replaceAll(/[^\w.=@+-]/g, '-')
    .slice(-MAX_FILE_NAME)
    .replace(/^[.]+/, '-');
}
