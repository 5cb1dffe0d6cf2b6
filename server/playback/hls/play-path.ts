/** What a URL below `/play/` names. Nothing in it is a file name or an offset (design.md §3 rule 11). */
export type PlayTarget =
  | { readonly kind: 'live' | 'archive' | 'dvr' }
  | { readonly kind: 'init'; readonly initId: string }
  | { readonly kind: 'segment'; readonly number: string }
  | { readonly kind: 'part'; readonly ordinal: number; readonly index: number };

export interface PlayPath {
  readonly stream: string;
  readonly target: PlayTarget;
}

const PATH =
  /^\/play\/([^/]{1,300})\/(?:(live|archive|dvr)\.m3u8|init\/([0-9a-f]{16})\.mp4|segment\/([0-9]{47})\.m4s|part\/(\d{1,15})\.(\d{1,6})\.m4s)$/;

/** Reads `/play/<stream>/...` as it stands in the URL, still percent-encoded; `undefined`: there is no such thing. */
export function parsePlayPath(pathname: string): PlayPath | undefined {
  const match = PATH.exec(pathname);
  if (match === null) return undefined;
  const [, encodedStream = '', playlist, initId, number, ordinal, index] = match;
  const stream = decode(encodedStream);
  if (stream === undefined) return undefined;
  if (ordinal !== undefined) {
    return { stream, target: { kind: 'part', ordinal: Number(ordinal), index: Number(index) } };
  }
  if (number !== undefined) return { stream, target: { kind: 'segment', number } };
  if (initId !== undefined) return { stream, target: { kind: 'init', initId } };
  return { stream, target: { kind: playlist as 'live' | 'archive' | 'dvr' } };
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // The only error it throws: these are not the percent codes of UTF-8, so no stream is called so.
    return undefined;
  }
}

/** URIs as playlists name them, relative to the playlist; `suffix`: the query that carries the token, or empty. */
export const initUri = (initId: string, suffix: string): string => `init/${initId}.mp4${suffix}`;
export const segmentUri = (number: string, suffix: string): string => `segment/${number}.m4s${suffix}`;
export const partUri = (ordinal: number, index: number, suffix: string): string =>
  `part/${ordinal}.${index}.m4s${suffix}`;
/** Names a segment that was lost. Nobody should ask for it (EXT-X-GAP); who does gets a 404. */
export const gapUri = (ordinal: number): string => `gap/${ordinal}.m4s`;
