import type { DataStreamInfo, ShardPosition } from '../../records/record-service.ts';
import { AwsError } from '../aws-call.ts';

/**
 * Shard iterators: base64 that begins with the bytes 0,0,0,0,0,0,0,1 as those of the service do
 * (kinesis-data-streams.md §5), and says which record of which shard comes next. Nothing in it is secret, and rights are
 * checked with each use.
 *
 *   8 bytes | u48 issued, epoch ms | u48 creation of the stream, epoch ms | u32 shard | u48 ordinal | stream's name
 */

const PREFIX = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);
const HEAD_BYTES = 30;
/** "lives 300 s" */
const LIFE_MS = 300_000;

export interface ShardIterator {
  readonly stream: string;
  /** A stream that was made again is another one. */
  readonly streamCreatedMs: number;
  readonly position: ShardPosition;
  readonly issuedMs: number;
}

export function makeShardIterator(
  stream: Pick<DataStreamInfo, 'name' | 'createdMs'>,
  { shardId, ordinal }: ShardPosition,
  nowMs: number,
): string {
  const bytes = Buffer.alloc(HEAD_BYTES + stream.name.length);
  PREFIX.copy(bytes);
  bytes.writeUIntBE(Math.floor(nowMs), 8, 6);
  bytes.writeUIntBE(stream.createdMs, 14, 6);
  bytes.writeUInt32BE(Number(shardId.slice('shardId-'.length)), 20);
  bytes.writeUIntBE(ordinal, 24, 6);
  bytes.write(stream.name, HEAD_BYTES, 'latin1');
  return bytes.toString('base64');
}

/** Throws AwsError `InvalidArgumentException`, `ExpiredIteratorException`. */
export function readShardIterator(text: string, nowMs: number): ShardIterator {
  const bytes = Buffer.from(text, 'base64');
  const isOurs =
    bytes.length > HEAD_BYTES && bytes.toString('base64') === text && bytes.subarray(0, 8).equals(PREFIX);
  const issuedMs = isOurs ? bytes.readUIntBE(8, 6) : Number.POSITIVE_INFINITY;
  // One of the future is none of ours either; a clock may have been set back a little.
  if (!isOurs || issuedMs > nowMs + LIFE_MS) {
    throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.');
  }
  if (nowMs - issuedMs > LIFE_MS) {
    throw new AwsError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${javaDate(issuedMs)} while right now it is ` +
        `${javaDate(nowMs)} which is further in the future than the tolerated delay of ${LIFE_MS} milliseconds.`,
    );
  }
  return {
    stream: bytes.toString('latin1', HEAD_BYTES),
    streamCreatedMs: bytes.readUIntBE(14, 6),
    position: {
      shardId: `shardId-${String(bytes.readUInt32BE(20)).padStart(12, '0')}`,
      ordinal: bytes.readUIntBE(24, 6),
    },
    issuedMs,
  };
}

/** `Thu Jan 22 01:22:02 UTC 2015` */
function javaDate(timeMs: number): string {
  const [weekday = '', day, month, year, time] = new Date(timeMs).toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} UTC ${year}`;
}
