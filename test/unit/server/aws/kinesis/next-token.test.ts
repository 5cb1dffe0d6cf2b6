import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNextToken, readNextToken } from '../../../../../server/aws/kinesis/next-token.ts';
import { awsErrorOf } from '../authenticator-rig.ts';

const NOW_MS = 1_800_000_000_000;
const PLACE = { scope: ['ListShards', 'events', 1_700_000_000_000, null], after: 'shardId-000000000003' };

test('carries on where a list ended, for five minutes', () => {
  const token = makeNextToken(PLACE, NOW_MS);
  assert.deepEqual(readNextToken('ListShards', token, NOW_MS + 300_000), PLACE);
  const { code } = awsErrorOf(() => readNextToken('ListShards', token, NOW_MS + 300_001));
  assert.equal(code, 'ExpiredNextTokenException');
  assert.equal(awsErrorOf(() => readNextToken('ListShards', token, NOW_MS - 300_001)).code, code);
});

test('is of one operation; what is made up is invalid', () => {
  const token = makeNextToken(PLACE, NOW_MS);
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
  const invalid = [
    readNextToken.bind(undefined, 'ListStreams', token),
    ...['', 'x', 'eyJ9', made(null), made({}), made([]), made([NOW_MS]), made([NOW_MS, 1, 'ListShards'])].map(
      (text) => readNextToken.bind(undefined, 'ListShards', text),
    ),
    readNextToken.bind(undefined, 'ListShards', made([NOW_MS, '', 'ListShards', {}])),
    readNextToken.bind(undefined, 'ListShards', made([null, '', 'ListShards'])),
  ];
  for (const read of invalid) assert.equal(awsErrorOf(() => read(NOW_MS)).code, 'InvalidArgumentException');
});
