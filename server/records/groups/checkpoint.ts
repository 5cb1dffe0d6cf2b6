import { compareSequenceNumbers } from '../sequence-number.ts';

/** How far a group has got in a shard: all up to here has been processed. */
export interface Checkpoint {
  /** `TRIM_HORIZON`: nothing yet; `SHARD_END`: all of it; otherwise the sequence number of a record. */
  readonly sequenceNumber: string;
  /** Of the records within an aggregated one, the last that was processed; `undefined`: all of it. */
  readonly subSequenceNumber: number | undefined;
}

export const TRIM_HORIZON: Checkpoint = { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: undefined };
export const SHARD_END: Checkpoint = { sequenceNumber: 'SHARD_END', subSequenceNumber: undefined };

export function isShardEnd({ sequenceNumber }: Checkpoint): boolean {
  return sequenceNumber === SHARD_END.sequenceNumber;
}

/** Below 0 when `a` comes before `b`. */
export function compareCheckpoints(a: Checkpoint, b: Checkpoint): number {
  const byRank = rankOf(a) - rankOf(b);
  if (byRank !== 0 || rankOf(a) !== NUMBERED) return byRank;
  const byNumber = compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber);
  return byNumber !== 0 ? byNumber : Math.sign(subOf(a) - subOf(b) || 0);
}

const NUMBERED = 1;

function rankOf({ sequenceNumber }: Checkpoint): number {
  if (sequenceNumber === TRIM_HORIZON.sequenceNumber) return 0;
  return sequenceNumber === SHARD_END.sequenceNumber ? 2 : NUMBERED;
}

function subOf({ subSequenceNumber }: Checkpoint): number {
  return subSequenceNumber ?? Number.MAX_SAFE_INTEGER;
}
