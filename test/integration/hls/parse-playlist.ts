/**
 * Reads media playlists as a player would, written from the draft and not from our renderer: the second opinion of the
 * playback tests.
 */

export interface ParsedPart {
  readonly uri: string;
  readonly durationS: number;
  readonly independent: boolean;
}

export interface ParsedSegment {
  readonly msn: number;
  readonly discontinuity: number;
  readonly uri: string;
  readonly durationS: number;
  readonly parts: readonly ParsedPart[];
  readonly mapUri: string;
  /** Of its own, not carried on from another segment. */
  readonly dateTimeMs: number | undefined;
  readonly isGap: boolean;
}

/** The parts at the end whose segment is not listed yet. */
export interface ParsedTail {
  readonly msn: number;
  readonly parts: readonly ParsedPart[];
  readonly mapUri: string;
}

export interface ParsedPlaylist {
  readonly text: string;
  readonly version: number;
  readonly targetDurationS: number;
  readonly partTargetS: number | undefined;
  readonly serverControl: ReadonlyMap<string, string>;
  readonly mediaSequence: number;
  readonly segments: readonly ParsedSegment[];
  readonly tail: ParsedTail;
  readonly preloadHint: string | undefined;
  readonly isEnded: boolean;
  readonly tags: readonly string[];
}

/** Throws an Error that names the line for what no player could read, and for a tag in the wrong place. */
export function parsePlaylist(text: string): ParsedPlaylist {
  const lines = text.split('\n');
  if (lines[0] !== '#EXTM3U') throw new Error('no #EXTM3U');
  if (lines.pop() !== '') throw new Error('the last line is not ended');
  const once = new Map<string, string>();
  const segments: ParsedSegment[] = [];
  const tags: string[] = [];
  let discontinuity = 0;
  let mapUri = '';
  let dateTimeMs: number | undefined;
  let durationS: number | undefined;
  let isGap = false;
  let parts: ParsedPart[] = [];
  let preloadHint: string | undefined;

  /** "MUST appear before the first EXT-X-PART tag of the Parent Segment." */
  const beforeParts = (line: string) => {
    if (parts.length > 0) throw new Error(`${line} comes after a part of its segment`);
    if (durationS !== undefined) throw new Error(`${line} comes after its EXTINF`);
  };

  for (const line of lines.slice(1)) {
    if (preloadHint !== undefined && !line.startsWith('#EXT-X-PRELOAD-HINT')) {
      throw new Error(`${line} comes after the preload hint`);
    }
    if (!line.startsWith('#')) {
      if (durationS === undefined) throw new Error(`${line} has no EXTINF`);
      const msn = Number(once.get('MEDIA-SEQUENCE') ?? 0) + segments.length;
      segments.push({ msn, discontinuity, uri: line, durationS, parts, mapUri, dateTimeMs, isGap });
      durationS = undefined;
      dateTimeMs = undefined;
      isGap = false;
      parts = [];
      continue;
    }
    const match = /^#(?:EXT-X-)?([A-Z0-9-]+)(?::(.*))?$/.exec(line);
    if (match === null) throw new Error(`not a tag: ${line}`);
    const [, tag = '', value = ''] = match;
    tags.push(tag);
    switch (tag) {
      case 'EXTINF':
        durationS = decimal(value.replace(/,.*$/, ''));
        break;
      case 'DISCONTINUITY':
        beforeParts(line);
        discontinuity += 1;
        break;
      case 'MAP':
        beforeParts(line);
        mapUri = attributes(value).get('URI') ?? '';
        break;
      case 'PROGRAM-DATE-TIME':
        beforeParts(line);
        dateTimeMs = Date.parse(value);
        break;
      case 'GAP':
        isGap = true;
        break;
      case 'PART': {
        if (durationS !== undefined) throw new Error('a part comes after the EXTINF of its segment');
        if (mapUri === '') throw new Error('a part comes before its MAP');
        const part = attributes(value);
        parts.push({
          uri: part.get('URI') ?? '',
          durationS: decimal(part.get('DURATION') ?? ''),
          independent: part.get('INDEPENDENT') === 'YES',
        });
        break;
      }
      case 'PRELOAD-HINT':
        preloadHint = attributes(value).get('URI');
        break;
      case 'DISCONTINUITY-SEQUENCE':
        if (segments.length > 0 || discontinuity > 0) throw new Error(`${line} comes too late`);
        discontinuity = Number(value);
        break;
      default:
        if (once.has(tag)) throw new Error(`${tag} stands twice`);
        once.set(tag, value);
    }
  }
  if (durationS !== undefined) throw new Error('an EXTINF has no URI');
  const mediaSequence = Number(once.get('MEDIA-SEQUENCE') ?? 0);
  const partInf = once.get('PART-INF');
  return {
    text,
    version: Number(once.get('VERSION') ?? 1),
    targetDurationS: decimal(once.get('TARGETDURATION') ?? ''),
    partTargetS: partInf === undefined ? undefined : decimal(attributes(partInf).get('PART-TARGET') ?? ''),
    serverControl: attributes(once.get('SERVER-CONTROL') ?? ''),
    mediaSequence,
    segments,
    tail: { msn: mediaSequence + segments.length, parts, mapUri },
    preloadHint,
    isEnded: once.has('ENDLIST'),
    tags,
  };
}

/** Seconds from the start of each part to the end of the playlist, newest part last. */
export function partAges(
  playlist: ParsedPlaylist,
): { readonly part: ParsedPart; readonly endToEndS: number }[] {
  const ages: { part: ParsedPart; endToEndS: number }[] = [];
  let fromEndS = 0;
  const walk = (parts: readonly ParsedPart[]) => {
    for (const part of parts.toReversed()) {
      ages.push({ part, endToEndS: fromEndS });
      fromEndS += part.durationS;
    }
  };
  walk(playlist.tail.parts);
  for (const segment of playlist.segments.toReversed()) {
    if (segment.parts.length === 0) break;
    walk(segment.parts);
  }
  return ages.reverse();
}

function decimal(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`not a decimal number: ${text}`);
  return Number(text);
}

function attributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))(?:,|$)/g)) {
    found.set(name, quoted ?? plain ?? '');
  }
  return found;
}
