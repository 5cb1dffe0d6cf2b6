import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SigningKeys } from '../../../../server/aws/signing-keys.ts';

test("the key of AWS's published example", () => {
  const key = new SigningKeys().keyOf(
    'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    '20150830',
    'us-east-1',
    'iam',
  );
  assert.equal(key.toString('hex'), 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9');
});

test('keys are kept, apart for each secret and scope, and only so many of them', () => {
  const keys = new SigningKeys();
  const first = keys.keyOf('secret', '20260203', 'us-east-1', 'kinesis');
  assert.equal(keys.keyOf('secret', '20260203', 'us-east-1', 'kinesis'), first);
  for (const [secret, date, region, service] of [
    ['other', '20260203', 'us-east-1', 'kinesis'],
    ['secret', '20260204', 'us-east-1', 'kinesis'],
    ['secret', '20260203', 'us-east-2', 'kinesis'],
    ['secret', '20260203', 'us-east-1', 'kinesisvideo'],
  ] as const) {
    assert.notDeepEqual(keys.keyOf(secret, date, region, service), first);
  }
  for (let i = 0; i < 1500; i++) keys.keyOf(`secret ${i}`, '20260203', 'us-east-1', 'kinesis');
  assert.equal(keys.size, 1000);
});
