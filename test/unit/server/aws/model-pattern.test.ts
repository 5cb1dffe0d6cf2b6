import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePattern } from '../../../../server/aws/model-pattern.ts';

const STREAM_ARN = String.raw`arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`;
const CONSUMER_ARN = String.raw`^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`;

describe('patterns mean the whole value', () => {
  const cases: readonly [pattern: string, good: readonly string[], bad: readonly string[]][] = [
    ['[a-zA-Z0-9_.-]+', ['a', 'A_b.c-1'], ['', 'a b', 'a\n', ' a', 'ä']],
    ['^[0-9]+$', ['0', '12'], ['', '1a', '1\n']],
    [String.raw`0|([1-9]\d{0,38})`, ['0', '10', '9'.repeat(39)], ['00', '01', '', '9'.repeat(40), '0x']],
    [String.raw`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, ['', 'ä б 中 𝒜', 'a=b'], ['a!', '\u0000', '\ud800']],
    [
      STREAM_ARN,
      [
        'arn:aws:kinesis:us-east-1:000000000000:stream/a',
        'arn:aws-cn:kinesis:cn-north-1:123456789012:x:stream/a/b',
        'arn:aws:kinesis::kinesis::000000000000:111111111111:stream/stream/a',
      ],
      [
        'arn:aws:kinesis:us-east-1:000000000000:stream/',
        'arn:aws:kinesis:us-east-1:00000000000:stream/a',
        'arn:aws:kinesis:us-east-1:000000000000:stream/a b',
        'arn:aws:kinesis:us\n-east-1:000000000000:stream/a',
        'xarn:aws:kinesis:us-east-1:000000000000:stream/a',
        'arn:aws:firehose:us-east-1:000000000000:stream/a',
        '',
      ],
    ],
    [
      CONSUMER_ARN,
      ['arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1'],
      [
        'arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:',
        'arn:aws:kinesis:us-east-1:000000000000:stream/a',
      ],
    ],
  ];
  for (const [source, good, bad] of cases) {
    test(source, () => {
      const pattern = compilePattern(source);
      for (const text of good) assert.ok(pattern.matches(text), text);
      for (const text of bad) assert.ok(!pattern.matches(text), text);
    });
  }
});

test('patterns in pieces say what the expression says', () => {
  const arn = ['arn:aws', ':kinesis:', ':000000000000:', 'stream/', 'a', '/consumer/', 'b', ':1'];
  const strays = [...arn, ' ', 'x', ':', '/'];
  let seed = 1;
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (const source of [STREAM_ARN, CONSUMER_ARN]) {
    const whole = new RegExp(`^(?:${source})$`, 'u');
    const pattern = compilePattern(source);
    let matching = 0;
    for (let round = 0; round < 20_000; round++) {
      const parts = [...arn];
      for (let changes = next(4); changes > 0; changes--) {
        parts.splice(next(parts.length), next(2), strays[next(strays.length)] ?? '');
      }
      const text = parts.join('');
      assert.equal(pattern.matches(text), whole.test(text), text);
      if (whole.test(text)) matching++;
    }
    assert.ok(matching > 0, source);
  }
});

test('a pattern that cannot be cut into pieces is found out when it is compiled', () => {
  assert.throws(() => compilePattern('a.*b+.*c'), /cannot be matched in pieces/);
});
