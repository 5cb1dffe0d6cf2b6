import type { ServerResponse } from 'node:http';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import type { FragmentLog, InitSegment } from '../../../fragments/stream/fragment-log.ts';
import type {
  LiveChange,
  LiveFragment,
  LivePart,
  LiveWindowReader,
} from '../../../fragments/stream/live-window.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { type LiveEdge, type Release, WaitingRequests } from './blocking-reload.ts';
import type { HlsSettings } from './hls-settings.ts';
import {
  firstWithParts,
  headerLines,
  type LiveTail,
  type PlaylistTargets,
  tailLines,
} from './live-playlist.ts';
import { RenderedPlaylist, SUFFIX_MARK } from './rendered-playlist.ts';
import { partTargetSeconds, TargetDuration } from './target-durations.ts';

/** Rows read from the log at a time while looking back. */
const PAGE = 64;
/** With fragments shorter than this, a live playlist is short too. */
const MAX_PAGES_BACK = 8;

/**
 * One stream as its HLS viewers see it, for as long as there are any: the last fragments (from the log where the window no
 * longer, or after a restart not yet, has them), the parts that are still to be had, and the requests that wait for more.
 */
export class HlsStream {
  readonly stream: OpenStream;
  readonly waiting: WaitingRequests;
  lastUsedMs: number;

  readonly #settings: HlsSettings;
  readonly #now: () => number;
  /** The last complete fragments, oldest first, without a hole that the log does not have. */
  #rows: FragmentInfo[] = [];
  /** Complete fragments whose parts must stay downloadable, oldest first. */
  readonly #held: LiveFragment[] = [];
  #heldBytes = 0;
  readonly #lost = new Set<number>();
  readonly #targetDuration = new TargetDuration();
  #version = 0;
  #rendered: { readonly version: number; readonly playlist: RenderedPlaylist } | undefined;
  #targets: { readonly version: number; readonly values: PlaylistTargets } | undefined;
  #isAdvanceDue = false;
  #deadline: NodeJS.Timeout | undefined;
  readonly #stopListening: (() => void)[];

  private constructor(stream: OpenStream, settings: HlsSettings, now: () => number) {
    this.stream = stream;
    this.#settings = settings;
    this.#now = now;
    this.lastUsedMs = now();
    this.waiting = new WaitingRequests(settings.maxWaiting);
    this.#stopListening = [
      stream.window.listen((change) => this.#onChange(change)),
      stream.onFragment((event) => {
        if (event.type !== 'lost') return;
        this.#lost.add(event.ordinal);
        this.#version += 1;
      }),
    ];
    this.#takeCompleted();
    this.#observeGrowing();
  }

  /** Starts to follow a stream; reads the last fragments before the live window from the log. */
  static async open(stream: OpenStream, settings: HlsSettings, now: () => number): Promise<HlsStream> {
    const hls = new HlsStream(stream, settings, now);
    await hls.#lookBack();
    return hls;
  }

  get #window(): LiveWindowReader {
    return this.stream.window;
  }

  get log(): FragmentLog {
    return this.stream.log;
  }

  get isLive(): boolean {
    return this.#window.isLive;
  }

  /** Grows whenever a playlist that reaches the live edge would read differently. */
  get version(): number {
    return this.#version;
  }

  get targetDurationS(): number {
    return this.#targetDuration.seconds;
  }

  /** What a playlist of this version announces. */
  get targets(): PlaylistTargets {
    if (this.#targets?.version === this.#version) return this.#targets.values;
    const listed = this.#rows.slice(this.tailStart()).map(({ ordinal }) => this.#inMemory(ordinal));
    const fragments = [...listed, this.growing].filter((fragment) => fragment !== undefined);
    const partTargetS = partTargetSeconds(this.#window.effectivePartTargetMs, fragments);
    this.#targets = {
      version: this.#version,
      values: { targetDurationS: this.targetDurationS, partTargetS },
    };
    return this.#targets.values;
  }

  /** The last complete fragments. */
  get rows(): readonly FragmentInfo[] {
    return this.#rows;
  }

  /** The fragment being received. */
  get growing(): LiveFragment | undefined {
    const { current } = this.#window;
    return current === undefined || current.isComplete ? undefined : current;
  }

  get edge(): LiveEdge {
    const last = this.#rows.at(-1);
    const { growing } = this;
    return {
      lastMsn: last?.ordinal ?? -1,
      lastParts: last === undefined ? 0 : (this.partsOf(last.ordinal)?.length ?? 0),
      nextMsn: growing?.info.ordinal ?? Math.max(this.#window.nextOrdinal, (last?.ordinal ?? -1) + 1),
      nextParts: growing?.parts.length ?? 0,
    };
  }

  /** A complete fragment in memory, by its number. */
  fragment(number: string): LiveFragment | undefined {
    const isIt = (fragment: LiveFragment) => fragment.info.number === number && fragment.isComplete;
    return this.#held.findLast(isIt) ?? this.#window.fragments.find(isIt);
  }

  /** A fragment of the live playlist, or one that left it a moment ago: who may watch live may have it. */
  liveRow(number: string): FragmentInfo | undefined {
    return this.#rows.findLast((info) => info.number === number);
  }

  /** A part in memory, of the growing fragment or of a complete one. */
  part(ordinal: number, index: number): LivePart | undefined {
    return this.partsOf(ordinal)?.[index];
  }

  partsOf(ordinal: number): readonly LivePart[] | undefined {
    return this.#inMemory(ordinal)?.parts;
  }

  init(initId: string): InitSegment | undefined {
    const isIt = ({ init }: LiveFragment) => init.id === initId;
    return (this.#window.fragments.findLast(isIt) ?? this.#held.findLast(isIt))?.init;
  }

  isLost(ordinal: number): boolean {
    return this.#lost.has(ordinal);
  }

  /** The live playlist of this moment; `undefined` while there is no complete fragment. */
  livePlaylist(): RenderedPlaylist | undefined {
    if (this.#rendered?.version === this.#version) return this.#rendered.playlist;
    const from = this.#liveStart();
    const first = this.#rows[from];
    if (first === undefined) return undefined;
    const header = headerLines({
      first,
      ...this.targets,
      independent: this.isIndependentFrom(from),
      isLive: this.isLive,
    });
    const text = header + tailLines(this.tail(from, undefined), SUFFIX_MARK);
    const playlist = new RenderedPlaylist(text);
    this.#rendered = { version: this.#version, playlist };
    return playlist;
  }

  /** What `tailLines` needs to write from a row on; `previous`: the segment in front of it. */
  tail(fromIndex: number, previous: FragmentInfo | undefined): LiveTail {
    const { edge } = this;
    return {
      rows: this.#rows,
      fromIndex,
      previous,
      current: this.growing,
      partsOf: (ordinal) => this.partsOf(ordinal),
      isLost: (ordinal) => this.isLost(ordinal),
      targets: this.targets,
      isLive: this.isLive,
      nextMsn: edge.nextMsn,
      nextPart: edge.nextParts,
    };
  }

  /** Index of the first row that a playlist writes anew for each version, because its parts are listed. */
  tailStart(): number {
    return firstWithParts(this.#rows, this.growing, this.targetDurationS);
  }

  /** Do all listed segments from this row on start with a sync sample? */
  isIndependentFrom(index: number): boolean {
    const { growing } = this;
    if (growing !== undefined && !growing.info.independent) return false;
    return this.#rows.every((info, i) => i < index || info.independent);
  }

  /** Waits until the live edge is ready for this request, for at most `timeoutMs`. */
  async wait(
    response: ServerResponse,
    timeoutMs: number,
    isReady: (edge: LiveEdge) => boolean,
  ): Promise<Release | 'gone' | 'full'> {
    if (this.waiting.isFull) return 'full';
    const { promise, resolve } = Promise.withResolvers<Release | 'gone'>();
    const leave = this.waiting.add(isReady, this.#now() + timeoutMs, resolve);
    const onClose = () => {
      leave();
      resolve('gone');
    };
    response.once('close', onClose);
    this.#armDeadline();
    const release = await promise;
    response.off('close', onClose);
    return release;
  }

  /** Lets all waiting requests go and stops following. */
  close(): void {
    for (const stop of this.#stopListening) stop();
    clearTimeout(this.#deadline);
    this.waiting.releaseAll('closing');
  }

  #inMemory(ordinal: number): LiveFragment | undefined {
    return this.#window.byOrdinal(ordinal) ?? this.#held.findLast(({ info }) => info.ordinal === ordinal);
  }

  /** Index of the first row of the live playlist; rows that retention has deleted meanwhile are not in it. */
  #liveStart(): number {
    const wantedMs = Math.max(this.#settings.liveWindowMs, 5000 * this.targetDurationS);
    const { firstOrdinal } = this.log;
    let index = this.#rows.length;
    let listedMs = 0;
    while (index > 0 && listedMs < wantedMs) {
      const info = this.#rows[index - 1];
      if (info === undefined) break;
      if (info.ordinal < firstOrdinal && this.partsOf(info.ordinal) === undefined) break;
      listedMs += fragmentDurationMs(info);
      index -= 1;
    }
    return index;
  }

  /** Called by the writer for every sample: no work here but noting what happened. */
  #onChange(change: LiveChange): void {
    if (change === 'sample') return;
    this.#version += 1;
    if (change === 'fragment' || change === 'ended') this.#takeCompleted();
    this.#observeGrowing();
    if (this.#isAdvanceDue || this.waiting.size === 0) return;
    // Answering thousands of viewers must not hold up the camera's own socket handler.
    this.#isAdvanceDue = true;
    setImmediate(() => {
      this.#isAdvanceDue = false;
      // Nobody publishes any more: the playlist now says so, and what was waited for may never come.
      if (this.isLive) this.waiting.advance(this.edge);
      else this.waiting.releaseAll('advanced');
    });
  }

  /** Takes over fragments that the window has completed. */
  #takeCompleted(): void {
    for (const fragment of this.#window.fragments) {
      const { info } = fragment;
      if (!fragment.isComplete || info.ordinal <= (this.#rows.at(-1)?.ordinal ?? -1)) continue;
      this.#rows.push(info);
      this.#held.push(fragment);
      this.#heldBytes += info.sizeBytes;
      this.#targetDuration.observe(info);
    }
    this.#trim();
  }

  #observeGrowing(): void {
    const { growing } = this;
    if (growing !== undefined) this.#targetDuration.observe(growing.info);
  }

  #trim(): void {
    // "Clients MUST be able to download a Partial Segment for at least three Target Durations after the EXT-X-PART tag
    // is removed", and it is removed three target durations from the end.
    const neededMs = 6000 * this.targetDurationS;
    let newerMs = this.#held.reduce((sum, { info }) => sum + fragmentDurationMs(info), 0);
    while (this.#held.length > 1) {
      const oldest = this.#held[0];
      if (oldest === undefined) break;
      newerMs -= fragmentDurationMs(oldest.info);
      if (newerMs <= neededMs && this.#heldBytes <= this.#settings.maxHeldBytes) break;
      this.#held.shift();
      this.#heldBytes -= oldest.info.sizeBytes;
    }
    // Twice what is listed, so that a segment which just left the playlist still counts as live.
    const keptMs = 2 * Math.max(this.#settings.liveWindowMs, 5000 * this.targetDurationS);
    let index = this.#rows.length;
    for (let listedMs = 0; index > 0 && listedMs < keptMs; index--) {
      const info = this.#rows[index - 1];
      if (info !== undefined) listedMs += fragmentDurationMs(info);
    }
    if (index > PAGE) this.#rows = this.#rows.slice(index);
    const oldestOrdinal = this.#rows[0]?.ordinal ?? 0;
    for (const ordinal of this.#lost) {
      if (ordinal < oldestOrdinal) this.#lost.delete(ordinal);
    }
  }

  /** Reads from the log what a live playlist lists before the window's first fragment. */
  async #lookBack(): Promise<void> {
    const wantedMs = this.#settings.liveWindowMs;
    const oldest = this.#rows[0] ?? this.growing?.info;
    let before = Math.min(oldest?.ordinal ?? Number.POSITIVE_INFINITY, this.log.end.nextOrdinal);
    let foundMs = this.#rows.reduce((sum, info) => sum + fragmentDurationMs(info), 0);
    for (let page = 0; page < MAX_PAGES_BACK; page++) {
      const from = Math.max(this.log.firstOrdinal, before - PAGE);
      const isEnough = foundMs >= Math.max(wantedMs, 5000 * this.targetDurationS);
      if (from >= before || isEnough) break;
      const stored = await this.log.list(from, before - from);
      const older = stored.filter(({ ordinal }) => ordinal < before);
      for (const info of older) {
        this.#targetDuration.observe(info);
        foundMs += fragmentDurationMs(info);
      }
      this.#rows = [...older, ...this.#rows];
      this.#version += 1;
      before = from;
    }
  }

  #armDeadline(): void {
    // One timer for all: those who come later wait for about as long, so theirs is the later deadline.
    if (this.#deadline !== undefined) return;
    const nextMs = this.waiting.nextDeadlineMs;
    if (nextMs === undefined) return;
    const expire = () => {
      this.#deadline = undefined;
      this.waiting.expire(this.#now());
      this.#armDeadline();
    };
    this.#deadline = setTimeout(expire, Math.max(1, nextMs - this.#now()));
  }
}
