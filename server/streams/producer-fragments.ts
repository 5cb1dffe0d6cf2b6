import type { Sample, Track } from '../../fragments/media/track.ts';
import type { FragmentTag } from '../../fragments/stream/fragment.ts';
import type { OpenStream, PublishRequest } from './stream-service.ts';

/**
 * Publishing fragments that the producer itself delimits (PutMedia: one Matroska cluster is one fragment, kvs.md §2.5). Beside
 * `Publication`, which lets the server find the fragments' bounds. A few sessions may write one stream at the same time (a
 * producer opens the next before the last one is through); their fragments follow each other whole.
 */

/** What is known when a fragment begins. */
export interface ProducerFragmentStart {
  /** When it happened by the producer's clock, epoch ms. */
  readonly producerMs: number;
  /** Tags that came before it. */
  readonly tags: readonly FragmentTag[];
  /** Does not go on from the one before it of this session (a jump). Another session's fragment in between makes it so anyway. */
  readonly startsRun: boolean;
}

/** The right to write one stream fragment by fragment. Fragment events (OpenStream.onFragment) tell what becomes of each number. */
export interface ProducerFragments {
  readonly stream: OpenStream;
  /** Bytes received and not yet durable: above a bound the producer is not read from. */
  readonly pendingBytes: number;
  /**
   * A fragment of this session is open. It is closed under the session when nothing came for a second and another session waits;
   * what follows then belongs to a new fragment.
   */
  readonly isOpen: boolean;
  /**
   * Declares the tracks, between fragments. `header` is kept with the init segment, byte for byte, and given to readers as
   * `producerHeaderOf` of fragments/stream/producer-header.ts: GetMedia answers with it. Throws Mp4Error for what cannot be stored.
   */
  setTracks(tracks: readonly Track[], header: Uint8Array | undefined, nowMs: number): void;
  /**
   * Is it this session's turn to begin a fragment? If not, the session stands in line: `onTurn` is called when it may be. Ask
   * again from time to time: that is what finds out a session that has fallen silent.
   */
  mayBegin(nowMs: number): boolean;
  /** Begins a fragment right after `mayBegin` allowed it; its number and server time are settled now. */
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
   * durations are exact; else they are as long as the ones before. A fragment without samples never was.
   */
  endFragment(nowMs: number, nextDtsTicks?: ReadonlyMap<number, number>): void;
  /** Records a protocol error for the stream's live state. */
  fail(message: string, nowMs: number): void;
  /** Finishes; resolves when all is persisted or reported lost. Idempotent. */
  end(nowMs: number): Promise<void>;
}

/** How a producer of whole fragments asks for a stream. */
export interface PublishFragmentsRequest extends PublishRequest {
  /** It may be this session's turn: see ProducerFragments.mayBegin. */
  readonly onTurn: () => void;
}

/** Where streams are had for this. */
export interface FragmentStreams {
  /**
   * Joins the sessions that write a stream. Throws StreamError `busy` when a publisher of another kind has it or the sessions are
   * too many (unless the config says takeover: then that one, or the oldest, is ended), `auto-create-off`, ...
   */
  publishFragments(request: PublishFragmentsRequest, nowMs: number): Promise<ProducerFragments>;
}
