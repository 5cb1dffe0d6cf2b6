import type { Track } from '../../../fragments/media/track.ts';
import type { LiveFragment, LiveWindowReader } from '../../../fragments/stream/live-window.ts';
import { livePosition } from '../../../fragments/stream/stream-reader.ts';
import type { OutgoingMessage } from './messages.ts';
import { isCarried, metadataMessage, SampleWriter } from './sample-writer.ts';

/** Where a player's messages go. */
export interface PlayerOutput {
  /** False: enough is on its way; wait for room. */
  readonly hasRoom: boolean;
  send(message: Omit<OutgoingMessage, 'streamId'>): void;
}

/** Time between the last sample of a run and the first of the next, as the player sees it. */
const RUN_STEP_SECONDS = 0.04;

/**
 * One viewer of a live stream. It is a position in the live window, and nothing else: what it has not sent yet is kept by
 * the window, not for it. A viewer that falls so far behind that its place has left the window goes on with the newest
 * fragment.
 */
export class LivePlayer {
  readonly #window: LiveWindowReader;
  readonly #output: PlayerOutput;
  #fragment: LiveFragment | undefined;
  #sampleIndex = 0;
  #tracks = new Map<number, Track>();
  #initId = '';
  #run = -1;
  #writer: SampleWriter | undefined;
  /** Time on the player's clock of the newest sample sent. */
  #sentSeconds = -RUN_STEP_SECONDS;
  isPaused = false;
  /** Times it was moved on to the newest fragment. */
  skips = 0;

  constructor(window: LiveWindowReader, output: PlayerOutput) {
    this.#window = window;
    this.#output = output;
  }

  /** Sends what there is, as long as there is room. Call after each change of the window, and when there is room again. */
  pump(): void {
    while (!this.isPaused && this.#output.hasRoom) {
      const fragment = this.#advance();
      const sample = fragment?.samples[this.#sampleIndex];
      if (fragment === undefined || sample === undefined) return;
      this.#sampleIndex++;
      const track = this.#tracks.get(sample.trackId);
      if (track === undefined) continue;
      const seconds = sample.dtsTicks / track.timescale;
      const writer = this.#writerFor(fragment, seconds);
      this.#sentSeconds = Math.max(this.#sentSeconds, seconds - writer.originSeconds);
      this.#output.send(writer.sample(track, sample));
    }
  }

  /** The fragment with the next sample, or the one in which it will come. */
  #advance(): LiveFragment | undefined {
    let fragment = this.#fragment;
    if (fragment === undefined) {
      const newest = this.#newest();
      return newest && this.#enter(newest);
    }
    while (fragment.isComplete && this.#sampleIndex >= fragment.samples.length) {
      let next = this.#window.byOrdinal(fragment.info.ordinal + 1);
      if (next === undefined && this.#window.nextOrdinal > fragment.info.ordinal + 1) {
        const newest = this.#newest();
        if (newest === undefined || newest.info.ordinal <= fragment.info.ordinal) return undefined;
        this.skips++;
        next = newest;
      }
      if (next === undefined) return undefined;
      fragment = this.#enter(next);
    }
    return fragment;
  }

  /** The newest fragment that a decoder can start with; `undefined` while nobody publishes. */
  #newest(): LiveFragment | undefined {
    return this.#window.isLive ? this.#window.byOrdinal(livePosition(this.#window).ordinal) : undefined;
  }

  #enter(fragment: LiveFragment): LiveFragment {
    this.#fragment = fragment;
    this.#sampleIndex = 0;
    if (fragment.init.id !== this.#initId) {
      this.#initId = fragment.init.id;
      this.#declare(fragment.tracks.filter(isCarried));
    }
    return fragment;
  }

  #declare(tracks: readonly Track[]): void {
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#output.send(metadataMessage(0, tracks));
    const writer = new SampleWriter({ precise: false, originSeconds: 0 });
    for (const track of tracks) {
      const config = writer.config(track, Math.max(0, Math.round(this.#sentSeconds * 1000)));
      if (config !== undefined) this.#output.send(config);
    }
  }

  /** Each run has a timeline of its own; the player's goes on. */
  #writerFor(fragment: LiveFragment, seconds: number): SampleWriter {
    if (this.#writer === undefined || fragment.info.run !== this.#run) {
      this.#run = fragment.info.run;
      const startSeconds = this.#sentSeconds + RUN_STEP_SECONDS;
      this.#writer = new SampleWriter({ precise: false, originSeconds: seconds - startSeconds });
    }
    return this.#writer;
  }
}
