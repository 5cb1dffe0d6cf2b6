import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  filterOfScope,
  isListed,
  type ShardFilter,
  scopeOfFilter,
} from '../../../../../server/aws/kinesis/shard-filter.ts';
import type { DataStreamInfo, ShardInfo } from '../../../../../server/records/record-service.ts';
import { awsErrorOf } from '../authenticator-rig.ts';

const HOUR_MS = 3_600_000;
const CREATED_MS = 1_800_000_000_000;
const SPLIT_MS = CREATED_MS + 10 * HOUR_MS;
const MERGE_MS = CREATED_MS + 20 * HOUR_MS;

function shard(index: number, createdMs: number, closedMs?: number): ShardInfo {
  return {
    id: `shardId-${String(index).padStart(12, '0')}`,
    index,
    parentId: undefined,
    adjacentParentId: undefined,
    range: { start: 0n, end: 1n },
    createdMs,
    startingSequenceNumber: '0',
    closed: closedMs === undefined ? undefined : { atMs: closedMs, endingSequenceNumber: '1' },
  };
}

/** One shard, split after ten hours, merged again after twenty. */
const SHARDS = [
  shard(0, CREATED_MS, SPLIT_MS),
  shard(1, SPLIT_MS, MERGE_MS),
  shard(2, SPLIT_MS, MERGE_MS),
  shard(3, MERGE_MS),
];
const STREAM = { createdMs: CREATED_MS, retentionHours: 24 } as DataStreamInfo;

const listed = (filter: ShardFilter, nowMs: number) =>
  SHARDS.filter((each) => isListed(each, filter, STREAM, nowMs)).map(({ index }) => index);

describe('which shards a filter names', () => {
  const youngMs = CREATED_MS + 21 * HOUR_MS;

  test('all of them, from the beginning or after one', () => {
    assert.deepEqual(listed({ Type: 'FROM_TRIM_HORIZON' }, youngMs), [0, 1, 2, 3]);
    assert.deepEqual(listed({ Type: 'AFTER_SHARD_ID', ShardId: 'shardId-000000000001' }, youngMs), [2, 3]);
    assert.deepEqual(listed({ Type: 'AFTER_SHARD_ID', ShardId: '1' }, youngMs), [2, 3]);
  });

  test('those open at an instant, and those of all time since', () => {
    assert.deepEqual(listed({ Type: 'AT_TRIM_HORIZON' }, youngMs), [0]);
    assert.deepEqual(listed({ Type: 'AT_LATEST' }, youngMs), [3]);
    assert.deepEqual(listed({ Type: 'AT_TIMESTAMP', Timestamp: SPLIT_MS - 1 }, youngMs), [0]);
    assert.deepEqual(listed({ Type: 'AT_TIMESTAMP', Timestamp: SPLIT_MS }, youngMs), [1, 2]);
    assert.deepEqual(listed({ Type: 'FROM_TIMESTAMP', Timestamp: SPLIT_MS }, youngMs), [1, 2, 3]);
    assert.deepEqual(listed({ Type: 'FROM_TIMESTAMP', Timestamp: youngMs }, youngMs), [3]);
    // Times before the stream are its beginning.
    assert.deepEqual(listed({ Type: 'AT_TIMESTAMP', Timestamp: 0 }, youngMs), [0]);
  });

  test('what retention has taken is not there', () => {
    const oldMs = CREATED_MS + 36 * HOUR_MS;
    assert.deepEqual(listed({ Type: 'AT_TRIM_HORIZON' }, oldMs), [1, 2]);
    assert.deepEqual(listed({ Type: 'FROM_TRIM_HORIZON' }, oldMs), [1, 2, 3]);
    assert.deepEqual(listed({ Type: 'AT_TIMESTAMP', Timestamp: CREATED_MS }, oldMs), [1, 2]);
  });

  test('a filter that lacks what its type needs', () => {
    for (const Type of ['AFTER_SHARD_ID', 'AT_TIMESTAMP', 'FROM_TIMESTAMP'] as const) {
      assert.equal(awsErrorOf(() => listed({ Type }, youngMs)).code, 'InvalidArgumentException');
    }
  });
});

test('tokens carry a filter; what they carry besides is none', () => {
  const filters: readonly (ShardFilter | undefined)[] = [
    undefined,
    { Type: 'AT_LATEST' },
    { Type: 'AFTER_SHARD_ID', ShardId: 'a' },
    { Type: 'FROM_TIMESTAMP', Timestamp: 1.5 },
  ];
  for (const filter of filters) assert.deepEqual(filterOfScope(scopeOfFilter(filter)), filter);
  for (const scope of [['toString'], [1], [null, 'a', 1], [{}]])
    assert.equal(filterOfScope(scope), undefined);
  assert.deepEqual(filterOfScope(['AT_LATEST', 1, 'a']), { Type: 'AT_LATEST' });
});
