import type { RetentionLimits } from '../log/retention.ts';
import type { FileLimits } from './chunk-framing.ts';

const MIB = 1024 * 1024;

/**
 * Retention deletes whole files, so that a file must be short beside what is kept: media outlives its time by no more than this
 * share of it.
 */
const FILE_SHARE = 0.1;
/** Shorter files would cost more than they are worth. */
const MIN_FILE_MS = 10_000;
const MIN_FILE_BYTES = MIB;

/** The file limits of one stream: the store's, or less where the stream keeps little. Its retention is asked anew each time. */
export class StreamFileLimits implements FileLimits {
  readonly phaseMs: number;
  readonly #store: Pick<FileLimits, 'maxBytes' | 'maxMs'>;
  readonly #retention: () => RetentionLimits;

  constructor(store: FileLimits, retention: () => RetentionLimits) {
    this.phaseMs = store.phaseMs;
    this.#store = store;
    this.#retention = retention;
  }

  get maxMs(): number {
    const { maxAgeMs } = this.#retention();
    const { maxMs } = this.#store;
    return maxAgeMs === null ? maxMs : Math.min(maxMs, Math.max(MIN_FILE_MS, maxAgeMs * FILE_SHARE));
  }

  get maxBytes(): number {
    const kept = this.#retention().maxBytes;
    const { maxBytes } = this.#store;
    return kept === null ? maxBytes : Math.min(maxBytes, Math.max(MIN_FILE_BYTES, kept * FILE_SHARE));
  }
}
