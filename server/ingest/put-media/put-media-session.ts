import { Mp4Error } from '../../../fragments/cmaf/mp4-error.ts';
import { MatroskaError, type MatroskaEvent } from '../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';
import { MatroskaSamples } from '../../../fragments/matroska/matroska-samples.ts';
import { millisOfTimecode, ticksOfTimecode } from '../../../fragments/matroska/timecode-scale.ts';
import type { FragmentTag } from '../../../fragments/stream/fragment.ts';
import type { ProducerFragments } from '../../streams/producer-fragments.ts';
import type { FragmentEvent } from '../../streams/stream-service.ts';
import type { AckErrorCode } from './ack-error.ts';
import { type AckSubject, errorAck, IDLE_ACK, NO_FRAGMENT } from './ack-line.ts';
import { FragmentAcks } from './fragment-acks.ts';
import { readFragmentTags } from './fragment-tags.ts';
import { LeadClock } from './lead-clock.ts';
import { Pace } from './pace.ts';
import type { StreamPutMediaCounters } from './put-media-counters.ts';
import type { PutMediaSettings } from './put-media-settings.ts';

/** What a session is given. */
export interface PutMediaSessionOptions {
  readonly fragments: ProducerFragments;
  /** Epoch ms of timecode 0: the start timestamp of RELATIVE sessions, 0 of ABSOLUTE ones. */
  readonly baseMs: number;
  readonly settings: PutMediaSettings;
  readonly counters: StreamPutMediaCounters;
  /** Takes an acknowledgement, newline included. */
  readonly send: (ack: string) => void;
  /** The session ends with an ERROR acknowledgement. */
  readonly onError?: (code: AckErrorCode, message: string) => void;
  readonly nowMs: number;
}

type Frame = Extract<MatroskaEvent, { type: 'frame' }>;

/** A cluster that has begun. */
interface OpenCluster extends AckSubject {
  readonly producerMs: number;
  /** Its blocks have ended; what it is waiting for is what comes next: more tags, or another cluster. */
  hasEnded: boolean;
  sizeBytes: number;
  frames: number;
  tags: number;
  readonly tracks: Set<number>;
}

/** Times that can be stored and reckoned with exactly. */
const MAX_TICKS = 2 ** 52;
/** What a Date can hold. */
const MAX_DATE_MS = 8.64e15;
/** More than 3,000 frames a second for 20 s; bounds what a fragment of tiny frames costs in memory. */
const MAX_FRAMES = 65_536;

/**
 * One PutMedia session (kvs.md §2): the bytes of a body that may never end go in, acknowledgements come out, fragments go to the
 * stream. Sans-IO: time is passed in. One cluster is one fragment. Tags in front of a cluster belong to it, and so do those
 * behind it, as GetMedia's recordings show (§3.2); behind a cluster of known size they belong to the next one.
 */
export class PutMediaSession {
  readonly #fragments: ProducerFragments;
  readonly #options: PutMediaSessionOptions;
  readonly #settings: PutMediaSettings;
  readonly #counters: StreamPutMediaCounters;
  readonly #reader: MatroskaReader;
  readonly #samples = new MatroskaSamples();
  readonly #lead = new LeadClock();
  readonly #acks: FragmentAcks;
  readonly #bytesPace: Pace;
  readonly #fragmentsPace: Pace;
  readonly #startMs: number;
  /** Bytes that were taken and not read yet: few, since who must wait is not read from. */
  readonly #pieces: Uint8Array[] = [];
  /** What the piece that is being read says. */
  #events: Iterator<MatroskaEvent> | undefined;
  /** The event that must wait for this session's turn. */
  #held: MatroskaEvent | undefined;
  #timecodeScaleNs = 1_000_000;
  #trackNumbers: ReadonlySet<number> = new Set();
  #cluster: OpenCluster | undefined;
  /** Time of the first byte of the cluster whose time is not known yet. */
  #clusterMs = 0;
  /** Tags that came since the last cluster. */
  #tags: FragmentTag[] = [];
  #previousTimecode = Number.NEGATIVE_INFINITY;
  /** Another document has begun: its times may begin anywhere. */
  #mayGoBack = false;
  /** Latest block time, in ms of timecodes. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #startsRun = false;
  #lastByteMs: number;
  #silentSinceMs: number;
  #lastIdleMs: number;
  #hasBodyEnded = false;
  #hasReaderEnded = false;
  #isEnding = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: PutMediaSessionOptions) {
    const { fragments, settings, counters, send, nowMs } = options;
    this.#options = options;
    this.#fragments = fragments;
    this.#settings = settings;
    this.#counters = counters;
    this.#reader = new MatroskaReader({ maxBlockBytes: settings.maxFragmentBytes });
    this.#acks = new FragmentAcks({
      send,
      counters,
      isArchived: () => fragments.stream.record.retentionHours !== 0,
    });
    this.#bytesPace = new Pace(settings.maxBytesPerSecond);
    this.#fragmentsPace = new Pace(settings.maxFragmentsPerSecond);
    this.#startMs = nowMs;
    this.#lastByteMs = nowMs;
    this.#silentSinceMs = nowMs;
    this.#lastIdleMs = nowMs;
  }

  /** Resolves when all is said: the response may end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** It takes no more bytes; acknowledgements may still come. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The producer should not be read from now: it is another session's turn, the disk is behind, or a rate is reached. */
  isPaused(nowMs: number): boolean {
    return (
      this.#held !== undefined ||
      this.#fragments.pendingBytes > this.#settings.maxPendingBytes ||
      !this.#bytesPace.isFree(nowMs)
    );
  }

  /** Takes bytes of the body. */
  push(bytes: Uint8Array, nowMs: number): void {
    if (this.#isEnding) return;
    this.#lastByteMs = nowMs;
    this.#silentSinceMs = nowMs;
    this.#counters.incomingBytes += bytes.length;
    this.#bytesPace.take(bytes.length, nowMs);
    this.#pieces.push(bytes);
    if (this.#held === undefined) this.#run(nowMs);
  }

  /** The body is complete. */
  endOfBody(nowMs: number): void {
    if (this.#isEnding || this.#hasBodyEnded) return;
    this.#hasBodyEnded = true;
    this.#lastByteMs = nowMs;
    if (this.#held === undefined) this.#run(nowMs);
  }

  /** The body broke off, unless it was complete. */
  abort(nowMs: number): void {
    if (this.#isEnding || this.#hasBodyEnded) return;
    this.#counters.connectionErrors++;
    this.#fail('STREAM_READ_ERROR', 'the body broke off', nowMs);
  }

  /** It may be this session's turn. */
  turn(nowMs: number): void {
    if (this.#held !== undefined) this.#run(nowMs);
  }

  /** The stream is taken away. When the server closes, what was received is acknowledged and the session ends. */
  revoke(reason: 'taken-over' | 'deleted' | 'closing', nowMs: number): void {
    if (reason === 'closing') this.#end(nowMs);
    else this.#fail('STREAM_NOT_ACTIVE', `the stream was ${reason}`, nowMs);
  }

  /** The key behind the session is revoked or has expired: as when it is too old, the producer must sign again. */
  expire(nowMs: number): void {
    this.#fail('MAX_CONNECTION_DURATION_REACHED', 'the session must be renewed', nowMs);
  }

  /** What became of fragments; those of other sessions are passed over. */
  follow(event: FragmentEvent, nowMs: number): void {
    const lost = this.#acks.take(event, nowMs, this.#lastByteMs);
    if (lost !== undefined) this.#fail('ARCHIVAL_ERROR', 'a fragment was lost', nowMs, lost);
  }

  /** Call a few times a second. */
  tick(nowMs: number): void {
    if (this.#isEnding) return;
    this.turn(nowMs);
    const { idleAckMs, idleEndMs, maxSessionMs } = this.#settings;
    // While it waits for us, the silence is not the producer's.
    if (this.isPaused(nowMs)) this.#silentSinceMs = nowMs;
    const silentMs = nowMs - this.#silentSinceMs;
    if (maxSessionMs > 0 && nowMs - this.#startMs >= maxSessionMs) this.expire(nowMs);
    else if (silentMs >= idleEndMs) this.#end(nowMs);
    else if (Math.min(silentMs, nowMs - this.#lastIdleMs) >= idleAckMs) {
      this.#lastIdleMs = nowMs;
      this.#options.send(IDLE_ACK);
    }
  }

  /** Something failed that should not. */
  crash(nowMs: number): void {
    this.#fail('INTERNAL_ERROR', 'internal error', nowMs);
  }

  #run(nowMs: number): void {
    try {
      while (!this.#isEnding) {
        const event = this.#held ?? this.#nextEvent();
        this.#held = undefined;
        if (event === undefined) break;
        if (!this.#take(event, nowMs)) {
          this.#held = event;
          return;
        }
      }
      if (this.#hasBodyEnded) this.#end(nowMs);
    } catch (error) {
      if (!(error instanceof MatroskaError || error instanceof Mp4Error)) throw error;
      const isBlock = error.code === 'too-large' && this.#cluster?.hasEnded === false;
      this.#fail(isBlock ? 'MAX_FRAGMENT_SIZE_REACHED' : 'INVALID_MKV_DATA', error.message, nowMs);
    }
  }

  /** The next event of the bytes that were taken, and at the end of the body of its end. Throws MatroskaError. */
  #nextEvent(): MatroskaEvent | undefined {
    for (;;) {
      this.#events ??= this.#readOn()?.[Symbol.iterator]();
      const next = this.#events?.next();
      if (next === undefined) return undefined;
      if (next.done !== true) return next.value;
      this.#events = undefined;
    }
  }

  #readOn(): Iterable<MatroskaEvent> | undefined {
    const piece = this.#pieces.shift();
    if (piece !== undefined) return this.#reader.push(piece);
    if (!this.#hasBodyEnded || this.#hasReaderEnded) return undefined;
    this.#hasReaderEnded = true;
    return this.#reader.end();
  }

  /** Answers false when the event must wait. */
  #take(event: MatroskaEvent, nowMs: number): boolean {
    switch (event.type) {
      case 'document':
        this.#close(nowMs);
        this.#mayGoBack = true;
        return true;
      case 'header':
        this.#setHeader(event, nowMs);
        return true;
      case 'cluster-begins':
        this.#clusterMs = nowMs;
        return true;
      case 'cluster':
        return this.#beginCluster(event.timecode, nowMs);
      case 'frame':
        return this.#takeFrame(event, nowMs);
      case 'cluster-ends':
        if (event.isSized === true) this.#close(nowMs);
        else if (this.#cluster !== undefined) this.#cluster.hasEnded = true;
        return true;
      case 'tags':
        this.#takeTags(event, nowMs);
        return true;
    }
  }

  #setHeader(event: Extract<MatroskaEvent, { type: 'header' }>, nowMs: number): void {
    this.#close(nowMs);
    if (this.#isEnding) return;
    const { maxTracks } = this.#settings;
    if (event.tracks.length > maxTracks) {
      this.#fail('MORE_THAN_ALLOWED_TRACKS_FOUND', `${event.tracks.length} tracks`, nowMs);
      return;
    }
    const tracks = this.#samples.setHeader(event);
    this.#timecodeScaleNs = event.timecodeScaleNs;
    this.#trackNumbers = new Set(event.tracks.map(({ number }) => number));
    this.#lead.setTracks(tracks);
    this.#fragments.setTracks(tracks, event.header, nowMs);
  }

  #beginCluster(timecode: number, nowMs: number): boolean {
    const ticks = ticksOfTimecode(timecode, this.#timecodeScaleNs);
    const timecodeMs = millisOfTimecode(timecode, this.#timecodeScaleNs);
    const isBack = timecode <= this.#previousTimecode;
    const isJump = isBack || timecodeMs - this.#latestMs > this.#settings.jumpMs;
    this.#close(nowMs, isJump ? undefined : this.#lead.nextTicks(ticks));
    if (this.#isEnding) return true;
    const producerMs = this.#options.baseMs + timecodeMs;
    if (ticks > MAX_TICKS || producerMs > MAX_DATE_MS) {
      this.#fail('INVALID_PRODUCER_TIMESTAMP', `timecode ${timecode}`, nowMs, { timecodeMs, number: '' });
      return true;
    }
    if (isBack && !this.#mayGoBack) {
      const message = `timecode ${timecode} after ${this.#previousTimecode}`;
      this.#fail('FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS', message, nowMs, { timecodeMs, number: '' });
      return true;
    }
    if (!this.#fragmentsPace.isFree(nowMs) || !this.#fragments.mayBegin(nowMs)) return false;
    if (isJump) this.#restart();
    this.#mayGoBack = false;
    this.#previousTimecode = timecode;
    this.#latestMs = timecodeMs;
    this.#fragmentsPace.take(1, nowMs);
    this.#open({ timecodeMs, producerMs }, nowMs);
    return true;
  }

  /** Begins a fragment, and says so. */
  #open(
    at: { readonly timecodeMs: number; readonly producerMs: number },
    nowMs: number,
    tracks = new Set<number>(),
  ): void {
    const tags = this.#tags;
    this.#tags = [];
    const { number } = this.#fragments.beginFragment(
      { producerMs: at.producerMs, tags, startsRun: this.#startsRun },
      nowMs,
    );
    this.#startsRun = false;
    this.#cluster = { ...at, number, hasEnded: false, sizeBytes: 0, frames: 0, tags: tags.length, tracks };
    this.#acks.begin(this.#cluster, this.#clusterMs, nowMs);
  }

  #takeFrame(frame: Frame, nowMs: number): boolean {
    if (!this.#trackNumbers.has(frame.trackNumber)) {
      this.#fail('TRACK_NUMBER_MISMATCH', `a block of track ${frame.trackNumber}`, nowMs);
      return true;
    }
    const frameMs = millisOfTimecode(frame.timecode, this.#timecodeScaleNs);
    if (!this.#fragments.isOpen && !this.#goOn(frameMs, nowMs)) return false;
    const cluster = this.#cluster;
    if (cluster === undefined) return true;
    cluster.frames++;
    cluster.sizeBytes += frame.data.length;
    cluster.tracks.add(frame.trackNumber);
    this.#latestMs = Math.max(this.#latestMs, frameMs);
    const { maxFragmentBytes, maxFragmentMs } = this.#settings;
    if (cluster.sizeBytes > maxFragmentBytes || cluster.frames > MAX_FRAMES) {
      const message = `a fragment of ${cluster.sizeBytes} bytes, ${cluster.frames} frames`;
      this.#fail('MAX_FRAGMENT_SIZE_REACHED', message, nowMs);
      return true;
    }
    if (frameMs - cluster.timecodeMs > maxFragmentMs) {
      this.#fail('MAX_FRAGMENT_DURATION_REACHED', `${frameMs - cluster.timecodeMs} ms`, nowMs);
      return true;
    }
    const sample = this.#samples.sampleOf(frame);
    if (sample === undefined) return true;
    this.#counters.incomingFrames++;
    this.#lead.add(sample);
    this.#fragments.write(sample, nowMs, this.#options.baseMs + frameMs);
    return true;
  }

  /** The fragment was closed while its cluster goes on: the rest of it is another one. Answers whether it is our turn. */
  #goOn(frameMs: number, nowMs: number): boolean {
    const before = this.#cluster;
    if (before === undefined) return true;
    if (!this.#fragments.mayBegin(nowMs)) return false;
    this.#clusterMs = nowMs;
    this.#open(
      { timecodeMs: before.timecodeMs, producerMs: this.#options.baseMs + frameMs },
      nowMs,
      before.tracks,
    );
    return true;
  }

  #takeTags(event: Extract<MatroskaEvent, { type: 'tags' }>, nowMs: number): void {
    const { tags, endsFragment, isTooLong } = readFragmentTags(event.tags);
    const cluster = event.position === 'after-cluster' && this.#fragments.isOpen ? this.#cluster : undefined;
    if (cluster === undefined) this.#tags.push(...tags);
    else {
      cluster.tags += tags.length;
      this.#fragments.addTags(tags);
    }
    if (isTooLong || (cluster?.tags ?? this.#tags.length) > this.#settings.maxTags) {
      this.#fail('FRAGMENT_METADATA_LIMIT_REACHED', 'too many or too long tags', nowMs);
    } else if (endsFragment) this.#close(nowMs);
  }

  /** The fragment is complete; its session fails when a track had no frame in it. */
  #close(nowMs: number, nextTicks?: ReadonlyMap<number, number>): void {
    const cluster = this.#cluster;
    if (cluster === undefined) return;
    const isMissing = cluster.tracks.size < this.#trackNumbers.size;
    if (cluster.frames === 0 || (isMissing && this.#settings.requireAllTracks)) {
      this.#fail('FRAMES_MISSING_FOR_TRACK', 'a track has no frame in a fragment', nowMs);
      return;
    }
    this.#cluster = undefined;
    this.#fragments.endFragment(nowMs, nextTicks);
  }

  #restart(): void {
    this.#samples.restart();
    this.#lead.restart();
    this.#startsRun = true;
  }

  /** Ends the session as the producer wants it. */
  #end(nowMs: number): void {
    if (this.#isEnding) return;
    if (this.#cluster !== undefined) this.#close(nowMs);
    this.#finish(nowMs);
  }

  /** Ends the session with an error, which concerns the fragment that is being received unless another is named. */
  #fail(code: AckErrorCode, message: string, nowMs: number, subject?: AckSubject): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const concerned = subject ?? this.#cluster ?? NO_FRAGMENT;
    this.#acks.forget(concerned.number);
    this.#counters.errorAcks++;
    this.#options.send(errorAck(code, concerned));
    this.#options.onError?.(code, message);
    this.#fragments.fail(`${code}: ${message}`, nowMs);
    this.#finish(nowMs);
  }

  #finish(nowMs: number): void {
    this.#isEnding = true;
    this.#held = undefined;
    this.#events = undefined;
    this.#pieces.length = 0;
    this.#fragments.end(nowMs).then(this.#over.resolve, this.#over.reject);
  }
}
