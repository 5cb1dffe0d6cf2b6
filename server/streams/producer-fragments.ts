import type { Sample, Track } from '../../fragments/media/track.ts';
import type { FragmentTag } from '../../fragments/stream/fragment.ts';
import type { OpenStream } from './stream-service.ts';

/**
 * Publishing fragments that the producer itself delimits (PutMedia: one Matroska cluster is one fragment, kvs.md §2.5). Beside
 * `Publication`, which lets the server find the fragments' bounds.
 */

/** What is known when a fragment begins. */
export interface ProducerFragmentStart {
  /** When it happened by the producer's clock, epoch ms. */
  readonly producerMs: number;
  /** Tags that came before it. */
  readonly tags: readonly FragmentTag[];
  /** Does not go on from the one before it on this stream (another session, a jump): begins a run. */
  readonly startsRun: boolean;
}

/** The right to write one stream fragment by fragment. Fragment events (OpenStream.onFragment) tell what becomes of each number. */
export interface ProducerFragments {
  readonly stream: OpenStream;
  /** Bytes received and not yet durable: above a bound the producer is not read from. */
  readonly pendingBytes: number;
  /**
   * Declares the tracks, between fragments. `header` is kept with the init segment, byte for byte, and given to readers as
   * `producerHeader` of fragments/stream/producer-header.ts: GetMedia answers with it.
   */
  setTracks(tracks: readonly Track[], header: Uint8Array | undefined, nowMs: number): void;
  /** Begins a fragment; its number and server time are settled now. */
  beginFragment(
    start: ProducerFragmentStart,
    nowMs: number,
  ): { readonly number: string; readonly ordinal: number; readonly serverMs: number };
  /** Takes a sample of the fragment, in the producer's order over all tracks; viewers and GetMedia see it at once. */
  write(sample: Sample, nowMs: number, producerMs: number): void;
  /** Tags of the current fragment that came after its first frame. */
  addTags(tags: readonly FragmentTag[]): void;
  /**
   * The fragment is complete. `nextDtsTicks` by track id: where the next fragment's samples begin, when known, so that last
   * durations are exact; else they are as long as the ones before.
   */
  endFragment(nowMs: number, nextDtsTicks?: ReadonlyMap<number, number>): void;
  /** Finishes; resolves when all is persisted or reported lost. Idempotent. */
  end(nowMs: number): Promise<void>;
}
