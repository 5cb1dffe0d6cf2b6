import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';

/** Stands behind each URI in a template, where the token of the one who asked goes. No playlist has this character. */
export const SUFFIX_MARK = '\u0000';

/** Below this a gzip saves less than it costs. */
export const GZIP_FROM_BYTES = 4096;
/** Viewers with a token of their own each, for whom a version is kept; more are rendered again each time. */
const MAX_TOKENS = 64;

/** Does the client take a compressed playlist? */
export function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b(?!;q=0(\.0*)?(,|$))/.test(String(headers['accept-encoding'] ?? ''));
}

export interface PlaylistBytes {
  readonly plain: Buffer;
  /** The same compressed; `undefined` when it is not worth it. Made when first asked for. */
  gzip(): Buffer | undefined;
}

/** Bytes to be sent to all who ask for them, compressed at most once. */
export function playlistBytes(plain: Buffer): PlaylistBytes {
  let compressed: Buffer | undefined;
  return {
    plain,
    gzip() {
      if (plain.length < GZIP_FROM_BYTES) return undefined;
      compressed ??= gzipSync(plain, { level: 4 });
      return compressed;
    },
  };
}

/** One version of a playlist: rendered once, shared by all viewers, with each viewer's token put in. */
export class RenderedPlaylist {
  readonly #template: string;
  readonly #bySuffix = new Map<string, PlaylistBytes>();

  constructor(template: string) {
    this.#template = template;
  }

  for(suffix: string): PlaylistBytes {
    const known = this.#bySuffix.get(suffix);
    if (known !== undefined) return known;
    const bytes = playlistBytes(Buffer.from(this.#template.replaceAll(SUFFIX_MARK, suffix)));
    if (this.#bySuffix.size < MAX_TOKENS) this.#bySuffix.set(suffix, bytes);
    return bytes;
  }
}
