import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeShardIterator, readShardIterator } from '../../../../../server/aws/kinesis/shard-iterator.ts';
import { awsErrorOf } from '../authenticator-rig.ts';

const NOW_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const STREAM = { name: 'events', createdMs: 1_700_000_000_123 };
const POSITION = { shardId: 'shardId-000000000007', ordinal: 123_456_789_012 };
const LIFE_MS = 300_000;

test('says where to go on, begins as those of the service do, and fits into its 512 characters', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
      fc.nat({ max: 2 ** 31 - 1 }),
      fc.nat({ max: 2 ** 47 }),
      fc.integer({ min: 0, max: LIFE_MS }),
      (name, index, ordinal, ageMs) => {
        const position = { shardId: `shardId-${String(index).padStart(12, '0')}`, ordinal };
        const text = makeShardIterator({ ...STREAM, name }, position, NOW_MS);
        assert.ok(text.length <= 512);
        assert.deepEqual([...Buffer.from(text, 'base64').subarray(0, 8)], [0, 0, 0, 0, 0, 0, 0, 1]);
        assert.deepEqual(readShardIterator(text, NOW_MS + ageMs), {
          stream: name,
          streamCreatedMs: STREAM.createdMs,
          position,
          issuedMs: NOW_MS,
        });
      },
    ),
  );
});

test('lives five minutes', () => {
  const text = makeShardIterator(STREAM, POSITION, NOW_MS);
  assert.equal(readShardIterator(text, NOW_MS + LIFE_MS).issuedMs, NOW_MS);
  const { code, message } = awsErrorOf(() => readShardIterator(text, NOW_MS + LIFE_MS + 1));
  assert.equal(code, 'ExpiredIteratorException');
  assert.equal(
    message,
    'Iterator expired. The iterator was created at time Tue Feb 03 04:05:06 UTC 2026 while right now it is Tue Feb 03 04:10:06 ' +
      'UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds.',
  );
});

test('a clock that was set back a little does no harm; an iterator of the far future is none of ours', () => {
  const text = makeShardIterator(STREAM, POSITION, NOW_MS);
  assert.equal(readShardIterator(text, NOW_MS - 1000).stream, 'events');
  assert.equal(
    awsErrorOf(() => readShardIterator(text, NOW_MS - LIFE_MS - 1)).message,
    'Invalid ShardIterator.',
  );
});

test('anything else is invalid', () => {
  const text = makeShardIterator(STREAM, POSITION, NOW_MS);
  const noName = Buffer.from(text, 'base64').subarray(0, 30).toString('base64');
  const otherVersion = Buffer.from(text, 'base64');
  otherVersion[7] = 2;
  for (const wrong of [
    '',
    'x',
    '=',
    noName,
    `${text}=`,
    ` ${text}`,
    text.slice(0, 40),
    otherVersion.toString('base64'),
  ]) {
    const { code, message } = awsErrorOf(() => readShardIterator(wrong, NOW_MS));
    assert.deepEqual([code, message], ['InvalidArgumentException', 'Invalid ShardIterator.'], wrong);
  }
});
