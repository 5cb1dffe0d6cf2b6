import type { Sample, Track, TrackKind } from '../../../fragments/media/track.ts';

/** Where a publication's media goes: the part of `Publication` that takes it. */
export interface MediaSink {
  setTracks(tracks: readonly Track[], nowMs: number): void;
  write(sample: Sample, nowMs: number): void;
  fail(message: string, nowMs: number): void;
}

/** How long the first samples wait for the other track to be described, in media time and in real time. */
const MAX_WAIT_MEDIA_MS = 1000;
const MAX_WAIT_MS = 1500;
const MAX_HELD_BYTES = 8 << 20;

interface HeldSample {
  readonly sample: Sample;
  readonly timescale: number;
  readonly nowMs: number;
}

/**
 * Declares tracks together. RTMP describes each track with its first packets; declaring them one by one would make a run
 * of a few milliseconds for each. So the first samples are held until all expected tracks are known, or a bound is met.
 */
export class TrackGate {
  readonly #sink: MediaSink;
  readonly #tracks = new Map<TrackKind, Track>();
  #expected: ReadonlySet<TrackKind> | undefined;
  #held: HeldSample[] = [];
  #heldBytes = 0;
  #isOpen = false;

  constructor(sink: MediaSink) {
    this.#sink = sink;
  }

  track(kind: TrackKind): Track | undefined {
    return this.#tracks.get(kind);
  }

  /** What the metadata says there will be. */
  expect(kinds: ReadonlySet<TrackKind>): void {
    this.#expected = kinds;
  }

  /** A track was described, or described anew. */
  setTrack(track: Track, nowMs: number): void {
    // What is held of this track belongs to its old description.
    if (this.#held.some(({ sample }) => sample.trackId === track.id)) this.#open(nowMs);
    this.#tracks.set(track.kind, track);
    if (this.#isOpen) this.#sink.setTracks(this.#list(), nowMs);
  }

  write(sample: Sample, timescale: number, nowMs: number): void {
    if (this.#isOpen) {
      this.#sink.write(sample, nowMs);
      return;
    }
    this.#held.push({ sample, timescale, nowMs });
    this.#heldBytes += sample.data.length;
    if (this.#isComplete(sample) || this.#hasWaitedEnough(nowMs)) this.#open(nowMs);
  }

  /** The publication ends: what is held goes out. */
  end(nowMs: number): void {
    if (!this.#isOpen && this.#held.length > 0) this.#open(nowMs);
  }

  #list(): Track[] {
    return [...this.#tracks.values()].sort((a, b) => a.id - b.id);
  }

  /** All tracks are known; a video track only with its first frame, which may correct its description. */
  #isComplete(newest: Sample): boolean {
    const expected = this.#expected ?? new Set<TrackKind>(['video', 'audio']);
    const video = this.#tracks.get('video');
    if (video !== undefined && newest.trackId !== video.id) return false;
    return [...expected].every((kind) => this.#tracks.has(kind));
  }

  #hasWaitedEnough(nowMs: number): boolean {
    const first = this.#held[0];
    const last = this.#held[this.#held.length - 1];
    if (first === undefined || last === undefined) return false;
    const mediaMs = (held: HeldSample) => (held.sample.dtsTicks * 1000) / held.timescale;
    return (
      mediaMs(last) - mediaMs(first) >= MAX_WAIT_MEDIA_MS ||
      nowMs - first.nowMs >= MAX_WAIT_MS ||
      this.#heldBytes > MAX_HELD_BYTES
    );
  }

  #open(nowMs: number): void {
    this.#isOpen = true;
    this.#sink.setTracks(this.#list(), nowMs);
    for (const held of this.#held) this.#sink.write(held.sample, held.nowMs);
    this.#held = [];
    this.#heldBytes = 0;
  }
}
