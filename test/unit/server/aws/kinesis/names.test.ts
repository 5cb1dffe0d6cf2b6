import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullShardId } from '../../../../../server/aws/kinesis/shard-id.ts';
import { consumerArn, parseArn, streamArn } from '../../../../../server/aws/kinesis/stream-arn.ts';
import { checkTags } from '../../../../../server/aws/kinesis/tag-rules.ts';
import { awsErrorOf } from '../authenticator-rig.ts';

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012', endpoint: () => '' };

test('ARNs of streams and consumers', () => {
  assert.equal(streamArn(ACCOUNT, 'a.b'), 'arn:aws:kinesis:eu-west-1:123456789012:stream/a.b');
  const arn = consumerArn(ACCOUNT, {
    stream: 'a.b',
    name: 'fan',
    createdMs: 1_700_000_000_999,
    policy: undefined,
    tags: {},
  });
  assert.equal(arn, 'arn:aws:kinesis:eu-west-1:123456789012:stream/a.b/consumer/fan:1700000000');
  assert.deepEqual(parseArn(ACCOUNT, streamArn(ACCOUNT, 'a.b')), { stream: 'a.b', consumer: undefined });
  assert.deepEqual(parseArn(ACCOUNT, arn), {
    stream: 'a.b',
    consumer: { name: 'fan', createdS: 1_700_000_000 },
  });
  assert.equal(parseArn(ACCOUNT, streamArn(ACCOUNT, 'a').replace('arn:aws:', 'arn:aws-cn:')).stream, 'a');
});

test('what is no ARN, and what is somebody else’s', () => {
  const good = streamArn(ACCOUNT, 'a');
  for (const wrong of [
    '',
    'a',
    `${good}/consumer/fan`,
    `${good}/consumer/fan:x`,
    good.replace('/a', '/'),
    `${good} `,
    good.replace('kinesis', 's3'),
  ]) {
    assert.equal(awsErrorOf(() => parseArn(ACCOUNT, wrong)).code, 'InvalidArgumentException', wrong);
  }
  for (const other of [
    good.replace('eu-west-1', 'us-east-1'),
    good.replace('123456789012', '000000000000'),
  ]) {
    assert.equal(awsErrorOf(() => parseArn(ACCOUNT, other)).code, 'ResourceNotFoundException', other);
  }
});

test('a shard by its number, as the service takes it', () => {
  for (const text of ['5', 'shardId-5', 'shardId-000000000005', 'shard-5', '-0005', 'a-5-b']) {
    assert.equal(fullShardId(text), 'shardId-000000000005', text);
  }
  assert.equal(fullShardId('2147483647'), 'shardId-002147483647');
  for (const text of ['2147483648', 'shardId-002147483648', 'ABKLFD8', '2.14E4', 'shardId-', 'a-b', '']) {
    assert.equal(fullShardId(text), undefined, text);
  }
});

test('tags', () => {
  const what = 'stream a under account 123456789012';
  checkTags({ 'ключ: 1/2': 'значение @home', empty: '' }, {}, what);
  const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${index}`, '']));
  checkTags({ t1: 'again' }, fifty, what);
  const wrong: readonly [Record<string, string>, RegExp][] = [
    [{ 'a*': '' }, /invalid characters/],
    [{ a: '\u0000' }, /invalid characters/],
    [{ a: '1%' }, /illegal characters/],
    [{ 'AWS:a': '' }, /reserved/],
    [{ another: '' }, /cannot have more than 50 tags/],
  ];
  for (const [tags, message] of wrong) {
    const error = awsErrorOf(() => checkTags(tags, fifty, what));
    assert.equal(error.code, 'InvalidArgumentException');
    assert.match(error.message, message);
  }
});
