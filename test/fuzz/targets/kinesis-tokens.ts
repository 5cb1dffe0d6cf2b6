import { AwsError } from '../../../server/aws/aws-call.ts';
import { makeNextToken, readNextToken } from '../../../server/aws/kinesis/next-token.ts';
import { filterOfScope, isListed, scopeOfFilter } from '../../../server/aws/kinesis/shard-filter.ts';
import { makeShardIterator, readShardIterator } from '../../../server/aws/kinesis/shard-iterator.ts';
import type { DataStreamInfo, ShardInfo } from '../../../server/records/record-service.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const NOW_MS = 1_800_000_000_000;
const STREAM = { name: 'events', createdMs: NOW_MS - 1, retentionHours: 24 } as DataStreamInfo;
const SHARD = { id: 'shardId-000000000001', createdMs: NOW_MS, closed: undefined } as ShardInfo;
const iterator = makeShardIterator(STREAM, { shardId: SHARD.id, ordinal: 77 }, NOW_MS);
const token = makeNextToken(
  {
    scope: ['ListShards', 'events', NOW_MS, ...scopeOfFilter({ Type: 'FROM_TIMESTAMP', Timestamp: NOW_MS })],
    after: SHARD.id,
  },
  NOW_MS,
);

/** Shard iterators and NextTokens, which clients may make up: as texts, and as what their base64 says. */
export const target: FuzzTarget = {
  name: 'kinesis-tokens',
  seeds: () => [
    Buffer.from(`i${iterator}`),
    Buffer.from(`n${token}`),
    Buffer.concat([Buffer.from('I'), Buffer.from(iterator, 'base64')]),
    Buffer.concat([Buffer.from('N'), Buffer.from(token, 'base64')]),
  ],
  isTyped: (error) => error instanceof AwsError,
  run(input) {
    const kind = String.fromCharCode(input[0] ?? 0);
    const rest = Buffer.from(input.subarray(1));
    const text = rest.toString(kind === kind.toUpperCase() ? 'base64' : 'latin1');
    if (kind.toUpperCase() === 'I') {
      const { position } = readShardIterator(text, NOW_MS);
      if (!/^shardId-\d{12}$/.test(position.shardId) || !(position.ordinal >= 0)) {
        throw new Error(`an iterator at ${position.shardId}, ${position.ordinal}`);
      }
    } else {
      const filter = filterOfScope(readNextToken('ListShards', text, NOW_MS).scope.slice(3));
      if (filter !== undefined) isListed(SHARD, filter, STREAM, NOW_MS);
    }
  },
};
