import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FragmentPage,
  pageToken,
  readPageToken,
} from '../../../../../server/aws/kinesis-video/fragment-page-token.ts';

const ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/gate/1700000000000';
const PAGE: FragmentPage = { clock: 'producer', fromMs: -5, toMs: 1_700_000_000_123, ordinal: 4711 };

test('a page comes back from its token', () => {
  const token = pageToken(PAGE, ARN);
  assert.match(token, /^[a-zA-Z0-9+/]+={0,2}$/, "the model's pattern of NextToken");
  assert.deepEqual(readPageToken(token, ARN), PAGE);
  const server: FragmentPage = { ...PAGE, clock: 'server', ordinal: 0 };
  assert.deepEqual(readPageToken(pageToken(server, ARN), ARN), server);
});

test('a token of another stream, a changed one and a cut one are none', () => {
  const token = pageToken(PAGE, ARN);
  assert.equal(readPageToken(token, ARN.replace('gate', 'door')), undefined);
  const bytes = Buffer.from(token, 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(readPageToken(changed.toString('base64'), ARN), undefined, `byte ${at}`);
    assert.equal(readPageToken(bytes.subarray(0, at).toString('base64'), ARN), undefined, `${at} bytes`);
  }
  for (const text of ['', 'AAAA', 'not a token', `${token}AAAA`]) {
    assert.equal(readPageToken(text, ARN), undefined);
  }
});

test('a page that nobody is given is none, also with a good check', () => {
  for (const page of [
    { ...PAGE, ordinal: -1 },
    { ...PAGE, ordinal: 0.5 },
    { ...PAGE, fromMs: Number.NaN },
    { ...PAGE, toMs: Number.POSITIVE_INFINITY },
  ]) {
    assert.equal(readPageToken(pageToken(page, ARN), ARN), undefined);
  }
});
