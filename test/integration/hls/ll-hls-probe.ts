import { isDeepStrictEqual } from 'node:util';
import { readBoxes, requireBox } from '../../../fragments/cmaf/boxes.ts';
import { readMovie } from '../../../fragments/cmaf/movie.ts';
import { samplesOf } from '../../../fragments/cmaf/read-chunk.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { get } from './http-get.ts';
import { type ParsedPlaylist, type ParsedSegment, parsePlaylist, partAges } from './parse-playlist.ts';

/**
 * Holds a running server to every row of the rules table in the reference (hls.md, from draft-pantos-hls-rfc8216bis),
 * and to the pitfalls that a playlist alone can show. It follows a live stream as a player does, with blocking
 * reloads, and looks into all bytes that it is given.
 */
export interface ProbeTarget {
  /** `live.m3u8` of a stream that is being published, with its token if it needs one. */
  readonly liveUrl: string;
  /** A playlist of the same stream with ENDLIST; asked for at the end. */
  readonly endedUrl: () => string;
  /** Lets the camera send nothing for longer than three target durations, without its leaving. */
  readonly silence: (targetDurationS: number) => Promise<void>;
  /** Parts to follow; enough for some to leave the playlist and to be three target durations gone. */
  readonly parts: number;
  /** The clock by which the camera sends, in ms. */
  readonly nowMs: () => number;
}

/** What came of one rule: `checks` counts how often it was held against something. */
export interface RuleVerdict {
  readonly rule: string;
  readonly section: string;
  readonly checks: number;
  readonly failures: readonly string[];
}

const RULES = {
  'part-at-most-target': ['part duration <= PART-TARGET', '4.4.4.9'],
  'part-at-least-85': [
    'part >= 85 % of PART-TARGET, but the independent and the last of its parent',
    '4.4.4.9',
  ],
  'part-hold-back': ['PART-HOLD-BACK present, >= 2x and >= 3x the part target', '4.4.3.8'],
  'hold-back': ['HOLD-BACK >= 3x the target duration', '4.4.3.8'],
  'skip-until': ['CAN-SKIP-UNTIL >= 6x the target duration, and _HLS_skip answered', '4.4.3.8, 6.2.5.1'],
  'part-in-time': ['a new part within one part target of the last', '6.2.1'],
  'parts-leave': ['parts leave 3 target durations from the end', '6.2.2'],
  'parts-stay': ['parts stay downloadable 3 target durations after they left', '6.2.2'],
  'blocks-until-present': ['blocks until the segment or part is present', '6.2.5.2'],
  'part-past-end': ['a part index past the end means part 0 of the next', '6.2.5.2'],
  'whole-when-gone': ['the whole playlist for a segment that has left it', '6.2.5.2'],
  'part-needs-msn': ['_HLS_part without _HLS_msn is 400', '6.2.5.2'],
  'too-far-ahead': ['more than 2 segments, or the advance part limit, ahead is 400', '6.2.5.2'],
  'overdue-503': ['blocked longer than 3 target durations is 503', '6.2.5.2'],
  'ended-ignores': ['with ENDLIST directives are ignored and no hint is given', '6.2.5.2, 4.4.5.3'],
  'hint-at-line-speed': ['no byte of a hinted part before all of it can go', '6.2.6'],
  'rendition-reports': ['one rendition report per other rendition (there is none)', '4.4.5.4'],
  'tags-before-parts': ['DISCONTINUITY, MAP, PROGRAM-DATE-TIME before the first part', '4.4.4.9'],
  'parts-equal-parent': ['a parent and its parts carry the same samples and timing', '3.2'],
  version: ['EXT-X-VERSION >= 9 only with EXT-X-SKIP', '8'],
  'target-duration': ['EXTINF rounded <= TARGETDURATION, which does not change', '4.4.3.1'],
  'extinf-is-sum': ['pitfall: EXTINF is the sum of the sample durations', 'hls.md'],
  'independent-is-sync': ['pitfall: an INDEPENDENT part starts with a sync sample', 'hls.md'],
  'date-on-every-segment': ['pitfall: PROGRAM-DATE-TIME on every segment', 'hls.md'],
  'hint-while-live': ['pitfall: a preload hint in every live playlist', 'hls.md'],
  'versions-agree': ['a segment keeps its number, URI, duration and discontinuity', '6.2.1'],
} as const;

type Rule = keyof typeof RULES;

/** Durations are written with six decimals. */
const ROUNDING_S = 2e-6;

/** Runs all checks; takes about as long as `parts` parts of the camera, and a silence of three target durations. */
export async function probeLowLatency(target: ProbeTarget): Promise<RuleVerdict[]> {
  const probe = new Probe(target);
  await probe.follow();
  await probe.askOddly();
  await probe.waitForHint();
  await probe.askAfterTheEnd();
  await probe.waitInVain();
  return probe.verdicts();
}

interface PartSeen {
  readonly body: Buffer;
  readonly independent: boolean;
}

class Probe {
  readonly #target: ProbeTarget;
  readonly #checks = new Map<Rule, number>();
  readonly #failures = new Map<Rule, string[]>();
  readonly #parts = new Map<string, PartSeen>();
  readonly #segments = new Map<number, ParsedSegment>();
  readonly #tracks = new Map<string, readonly Track[]>();
  /** Parts that left the playlist, with the stream's time at which they did. */
  readonly #left = new Map<string, number>();

  constructor(target: ProbeTarget) {
    this.#target = target;
  }

  verdicts(): RuleVerdict[] {
    return Object.entries(RULES).map(([name, [rule, section]]) => ({
      rule,
      section,
      checks: this.#checks.get(name as Rule) ?? 0,
      failures: this.#failures.get(name as Rule) ?? [],
    }));
  }

  /** Follows the live edge part by part. */
  async follow(): Promise<void> {
    let playlist = await this.#load();
    this.#lookAt(playlist);
    await this.#fetchNewParts(playlist);
    const startedMs = this.#target.nowMs();
    for (let i = 0; i < this.#target.parts; i++) {
      const { msn } = playlist.tail;
      const part = playlist.tail.parts.length;
      const next = await this.#load({ _HLS_msn: msn, _HLS_part: part });
      this.#check('blocks-until-present', has(next, msn, part), `${msn}.${part} is not in the answer`);
      this.#lookAt(next);
      this.#compare(playlist, next);
      await this.#fetchNewParts(next);
      await this.#fetchNewSegments(playlist, next);
      await this.#fetchLeftParts(playlist, next);
      playlist = next;
    }
    const partTargetMs = (playlist.partTargetS ?? 0) * 1000;
    const elapsedMs = this.#target.nowMs() - startedMs;
    const allowedMs = (this.#target.parts + 3) * partTargetMs;
    this.#check('part-in-time', elapsedMs <= allowedMs, `${this.#target.parts} parts took ${elapsedMs} ms`);
  }

  /** Requests that a player sends by mistake, or seldom. */
  async askOddly(): Promise<void> {
    // Asked when a segment has just begun, so that it does not end between these requests.
    const playlist = await this.#load({ _HLS_msn: (await this.#load()).tail.msn });
    const { msn, parts } = playlist.tail;
    const advanceLimit = Math.ceil(3 / Math.min(1, playlist.partTargetS ?? 1));
    await this.#expectStatus('part-needs-msn', { _HLS_part: 0 }, 400);
    await this.#expectStatus('too-far-ahead', { _HLS_msn: msn + 3 }, 400);
    const farPart = parts.length + advanceLimit + 3;
    await this.#expectStatus('too-far-ahead', { _HLS_msn: msn, _HLS_part: farPart }, 400);

    const old = await this.#load({ _HLS_msn: 0 });
    this.#check('whole-when-gone', old.segments.length >= 3, `only ${old.segments.length} segments`);
    this.#check('whole-when-gone', old.mediaSequence > 0, 'the first segment has not left yet');

    const past = await this.#load({ _HLS_msn: msn - 1, _HLS_part: 1000 });
    this.#check('part-past-end', has(past, msn, 0), `part 0 of ${msn} is not in the answer`);
    const whole = await this.#load({ _HLS_msn: msn });
    const lastMsn = whole.segments.at(-1)?.msn ?? -1;
    this.#check('blocks-until-present', lastMsn >= msn, `segment ${msn} is not in the answer`);

    const skip = await this.#load({ _HLS_skip: 'YES' });
    const until = Number(skip.serverControl.get('CAN-SKIP-UNTIL') ?? Number.POSITIVE_INFINITY);
    this.#check('skip-until', until >= 6 * skip.targetDurationS, `CAN-SKIP-UNTIL=${until}`);
    const isOffered = skip.serverControl.has('CAN-SKIP-UNTIL');
    this.#check(
      'skip-until',
      isOffered === skip.tags.includes('SKIP'),
      'EXT-X-SKIP without an offer, or none',
    );
    this.#check('rendition-reports', !skip.tags.includes('RENDITION-REPORT'), 'a report of no rendition');
  }

  /** The hinted part is asked for before it exists. */
  async waitForHint(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      const playlist = await this.#load();
      const { preloadHint } = playlist;
      if (preloadHint === undefined) break;
      let listedAtFirstByte: Promise<ParsedPlaylist> | undefined;
      const answer = await get(this.#resolve(preloadHint), {}, () => {
        listedAtFirstByte = this.#load();
      });
      const listed = await listedAtFirstByte;
      // A hinted part may turn out not to come, when the segment ends before it.
      if (answer.status === 404) continue;
      const isListed = listed?.text.includes(`URI="${preloadHint}"`) === true;
      this.#check(
        'hint-at-line-speed',
        answer.status === 200 && isListed,
        `${preloadHint}: ${answer.status}`,
      );
      const length = Number(answer.headers['content-length']);
      this.#check(
        'hint-at-line-speed',
        length === answer.body.length,
        'its length was not known at its start',
      );
    }
  }

  async askAfterTheEnd(): Promise<void> {
    const url = new URL(this.#target.endedUrl());
    url.searchParams.set('_HLS_msn', '999999999');
    const answer = await get(url.href);
    this.#check('ended-ignores', answer.status === 200, `status ${answer.status}`);
    const playlist = parsePlaylist(answer.body.toString());
    this.#check('ended-ignores', playlist.isEnded, 'no ENDLIST');
    this.#check('ended-ignores', playlist.preloadHint === undefined, 'a preload hint');
  }

  async waitInVain(): Promise<void> {
    const playlist = await this.#load();
    const { msn, parts } = playlist.tail;
    const waiting = this.#request({ _HLS_msn: msn, _HLS_part: parts.length + 1 });
    await this.#target.silence(playlist.targetDurationS);
    const answer = await waiting;
    this.#check('overdue-503', answer.status === 503, `status ${answer.status}`);
    this.#check('overdue-503', answer.headers['access-control-allow-origin'] === '*', 'no CORS on errors');
  }

  /** All that one version shows by itself. */
  #lookAt(playlist: ParsedPlaylist): void {
    // The parser throws for tags behind a part.
    this.#check('tags-before-parts', true, '');
    const { partTargetS = 0, targetDurationS, serverControl } = playlist;
    const partHoldBackS = Number(serverControl.get('PART-HOLD-BACK') ?? 0);
    this.#check('part-hold-back', partHoldBackS >= 3 * partTargetS && partTargetS > 0, `${partHoldBackS}`);
    const holdBackS = Number(serverControl.get('HOLD-BACK') ?? 3 * targetDurationS);
    this.#check('hold-back', holdBackS >= 3 * targetDurationS, `${holdBackS}`);
    this.#check('version', playlist.version < 9 || playlist.tags.includes('SKIP'), `${playlist.version}`);
    this.#check('hint-while-live', playlist.preloadHint !== undefined, 'no hint');
    for (const { durationS, dateTimeMs, uri } of playlist.segments) {
      this.#check('target-duration', Math.round(durationS) <= targetDurationS, `${uri} lasts ${durationS}`);
      this.#check('date-on-every-segment', dateTimeMs !== undefined, uri);
    }
    for (const { part, endToEndS } of partAges(playlist)) {
      const startToEndS = endToEndS + part.durationS;
      this.#check(
        'parts-leave',
        startToEndS <= 3 * targetDurationS + ROUNDING_S,
        `${part.uri} ${startToEndS}`,
      );
    }
    const parents = [...playlist.segments.map(({ parts }) => ({ parts, isWhole: true }))];
    for (const { parts, isWhole } of [...parents, { parts: playlist.tail.parts, isWhole: false }]) {
      for (const [i, part] of parts.entries()) {
        this.#check('part-at-most-target', part.durationS <= partTargetS + ROUNDING_S, `${part.uri}`);
        const isLast = isWhole && i === parts.length - 1;
        const mayBeShort = part.independent || isLast;
        const isFull = part.durationS >= 0.85 * partTargetS - ROUNDING_S;
        this.#check('part-at-least-85', mayBeShort || isFull, `${part.uri} lasts ${part.durationS}`);
      }
    }
  }

  /** What two versions say of the same segments. */
  #compare(before: ParsedPlaylist, after: ParsedPlaylist): void {
    this.#check(
      'target-duration',
      before.targetDurationS === after.targetDurationS,
      `${before.targetDurationS} became ${after.targetDurationS}`,
    );
    for (const segment of after.segments) {
      const known = this.#segments.get(segment.msn);
      this.#segments.set(segment.msn, segment);
      if (known === undefined) continue;
      const same = (each: ParsedSegment) => [
        each.uri,
        each.durationS,
        each.discontinuity,
        each.mapUri,
        each.dateTimeMs,
      ];
      this.#check('versions-agree', isDeepStrictEqual(same(known), same(segment)), `segment ${segment.msn}`);
    }
  }

  async #fetchNewParts(playlist: ParsedPlaylist): Promise<void> {
    const listed = [...playlist.segments.flatMap(({ parts }) => parts), ...playlist.tail.parts];
    for (const { uri, independent } of listed) {
      if (this.#parts.has(uri)) continue;
      const answer = await get(this.#resolve(uri));
      if (answer.status !== 200) throw new Error(`${uri} is listed and answers ${answer.status}`);
      this.#parts.set(uri, { body: answer.body, independent });
    }
  }

  /** Segments that were completed: their samples against those of their parts. */
  async #fetchNewSegments(before: ParsedPlaylist, after: ParsedPlaylist): Promise<void> {
    const lastKnown = before.segments.at(-1)?.msn ?? -1;
    for (const segment of after.segments) {
      if (segment.msn <= lastKnown || segment.isGap) continue;
      const tracks = await this.#tracksOf(segment.mapUri);
      const answer = await get(this.#resolve(segment.uri));
      if (answer.status !== 200) throw new Error(`${segment.uri} is listed and answers ${answer.status}`);
      const samples = samplesOf(answer.body, tracks);
      const ofParts = segment.parts.flatMap(({ uri }) => {
        const part = this.#parts.get(uri);
        if (part === undefined) throw new Error(`${uri} was never fetched`);
        const found = samplesOf(part.body, tracks);
        const lead = found.find(({ trackId }) => trackId === leadOf(tracks).id);
        if (part.independent) this.#check('independent-is-sync', lead?.isSync === true, uri);
        return found;
      });
      const byTrack = (all: readonly Sample[]) =>
        tracks.map(({ id }) => all.filter(({ trackId }) => trackId === id));
      this.#check('parts-equal-parent', isDeepStrictEqual(byTrack(ofParts), byTrack(samples)), segment.uri);
      const lead = leadOf(tracks);
      const ticks = samples
        .filter(({ trackId }) => trackId === lead.id)
        .reduce((sum, { durationTicks }) => sum + durationTicks, 0);
      const differenceS = Math.abs(ticks / lead.timescale - segment.durationS);
      this.#check('extinf-is-sum', differenceS <= ROUNDING_S, `${segment.uri} by ${differenceS} s`);
    }
  }

  /** Parts that left the playlist, when they leave and until three target durations later. */
  async #fetchLeftParts(before: ParsedPlaylist, after: ParsedPlaylist): Promise<void> {
    const urisOf = ({ segments, tail }: ParsedPlaylist) =>
      new Set([...segments.flatMap(({ parts }) => parts), ...tail.parts].map(({ uri }) => uri));
    const listed = urisOf(after);
    const nowMs = this.#target.nowMs();
    for (const uri of urisOf(before)) if (!listed.has(uri)) this.#left.set(uri, nowMs);
    for (const [uri, leftMs] of this.#left) {
      const goneS = (nowMs - leftMs) / 1000;
      if (goneS > 3 * after.targetDurationS) {
        this.#left.delete(uri);
        continue;
      }
      const answer = await get(this.#resolve(uri));
      this.#check('parts-stay', answer.status === 200, `${uri} answers ${answer.status} after ${goneS} s`);
    }
  }

  async #tracksOf(mapUri: string): Promise<readonly Track[]> {
    const known = this.#tracks.get(mapUri);
    if (known !== undefined) return known;
    const { body } = await get(this.#resolve(mapUri));
    const tracks = readMovie(requireBox(readBoxes(body), 'moov')).tracks.map(({ track }) => track);
    this.#tracks.set(mapUri, tracks);
    return tracks;
  }

  async #expectStatus(rule: Rule, query: Record<string, number>, status: number): Promise<void> {
    const answer = await this.#request(query);
    this.#check(rule, answer.status === status, `${JSON.stringify(query)} answers ${answer.status}`);
  }

  async #load(query: Record<string, number | string> = {}): Promise<ParsedPlaylist> {
    const answer = await this.#request(query);
    if (answer.status !== 200)
      throw new Error(`${JSON.stringify(query)} answers ${answer.status}: ${answer.body}`);
    return parsePlaylist(answer.body.toString());
  }

  #request(query: Record<string, number | string>) {
    const url = new URL(this.#target.liveUrl);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    return get(url.href);
  }

  #resolve(uri: string): string {
    return new URL(uri, this.#target.liveUrl).href;
  }

  #check(rule: Rule, isHeld: boolean, detail: string): void {
    this.#checks.set(rule, (this.#checks.get(rule) ?? 0) + 1);
    if (isHeld) return;
    const failures = this.#failures.get(rule) ?? [];
    if (failures.length < 5) failures.push(detail);
    this.#failures.set(rule, failures);
  }
}

function has(playlist: ParsedPlaylist, msn: number, part: number): boolean {
  const { tail } = playlist;
  return tail.msn > msn || (tail.msn === msn && tail.parts.length > part);
}

function leadOf(tracks: readonly Track[]): Track {
  const lead = tracks.find(({ kind }) => kind === 'video') ?? tracks[0];
  if (lead === undefined) throw new Error('the init segment has no track');
  return lead;
}
