import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsError } from '../../../../../server/aws/aws-call.ts';
import { namePage } from '../../../../../server/aws/kinesis-video/name-page.ts';
import { makePageToken, readPageToken } from '../../../../../server/aws/kinesis-video/page-token.ts';
import { formatVideoArn, parseVideoArn } from '../../../../../server/aws/kinesis-video/resource-arn.ts';
import { checkVersion, resourceVersion } from '../../../../../server/aws/kinesis-video/resource-version.ts';
import { translateError } from '../../../../../server/aws/kinesis-video/translate-error.ts';
import { CatalogError, type CatalogErrorCode } from '../../../../../server/catalog/catalog.ts';
import { StreamError, type StreamErrorCode } from '../../../../../server/streams/stream-service.ts';

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012' };
const ARN = 'arn:aws:kinesisvideo:eu-west-1:123456789012:stream/a.b_c-d/1700000000123';

const withCode = (code: string) => (error: unknown) => error instanceof AwsError && error.code === code;

test('ARNs are written and read', () => {
  const stream = { kind: 'stream', name: 'a.b_c-d', createdMs: 1_700_000_000_123 } as const;
  assert.equal(formatVideoArn(stream, ACCOUNT), ARN);
  assert.deepEqual(parseVideoArn(ARN, ['channel', 'stream'], ACCOUNT), stream);
});

test('ARNs of other kinds, accounts, regions and partitions are refused', () => {
  for (const arn of [
    '',
    'arn',
    ARN.replace('stream/', 'channel/'),
    ARN.replace('stream/', 'model/'),
    ARN.replace('aws', 'aws-cn'),
    ARN.replace('eu-west-1', 'eu-west-2'),
    ARN.replace('123456789012', '123456789013'),
    ARN.replace('kinesisvideo', 'kinesis'),
    ARN.replace('/1700000000123', ''),
    `${ARN}x`,
    `x${ARN}`,
    `${ARN}\n`,
  ]) {
    assert.throws(() => parseVideoArn(arn, ['stream'], ACCOUNT), withCode('InvalidArgumentException'), arn);
  }
});

test('versions are opaque, stay while nothing changes, and change with everything that does', () => {
  const version = resourceVersion(ARN, 1);
  assert.match(version, /^[A-Za-z0-9]{20}$/);
  assert.equal(resourceVersion(ARN, 1), version);
  const all = new Set(Array.from({ length: 1000 }, (_, at) => resourceVersion(ARN, at)));
  assert.equal(all.size, 1000);
  assert.notEqual(resourceVersion(ARN.replace('123', '124'), 1), version);
  checkVersion(undefined, ARN, 1);
  checkVersion(version, ARN, 1);
  assert.throws(() => checkVersion(version, ARN, 2), withCode('VersionMismatchException'));
});

test('page tokens belong to one list', () => {
  const longest = makePageToken(`ListSignalingChannels/${'p'.repeat(256)}`, 'n'.repeat(256));
  assert.match(longest, /^[a-zA-Z0-9+/=]{1,1024}$/);
  assert.equal(readPageToken('List/a', makePageToken('List/a', 'cam')), 'cam');
  assert.equal(readPageToken('List/a', undefined), undefined);
  assert.equal(readPageToken('List/a', ''), undefined);
  for (const token of [makePageToken('List/', 'cam'), makePageToken('List/ab', 'cam'), 'AAAA', 'a', '====']) {
    assert.throws(() => readPageToken('List/a', token), withCode('InvalidArgumentException'), token);
  }
});

test('a page is filled with what may be seen, however much lies between', () => {
  const names = Array.from({ length: 5000 }, (_, at) => `cam-${String(at).padStart(5, '0')}`);
  const all = names.map((name) => ({ name }));
  let calls = 0;
  const list = ({ after = '', limit }: { readonly after?: string; readonly limit: number }) => {
    calls++;
    return all.filter(({ name }) => name > after).slice(0, limit);
  };
  const isVisible = ({ name }: { readonly name: string }) => name.endsWith('000');
  const request = { operation: 'List', limit: 2, nextToken: undefined, prefix: undefined };
  const first = namePage(request, list, isVisible);
  assert.deepEqual(
    first.items.map(({ name }) => name),
    ['cam-00000', 'cam-01000'],
  );
  const second = namePage({ ...request, limit: 3, nextToken: first.next.NextToken }, list, isVisible);
  assert.deepEqual(
    second.items.map(({ name }) => name),
    ['cam-02000', 'cam-03000', 'cam-04000'],
  );
  assert.deepEqual(second.next, {});
  assert.ok(calls < 15);
});

test('what the parts of the server refuse has a name in the model', () => {
  const streams: Partial<Record<StreamErrorCode, string>> = {
    'not-found': 'ResourceNotFoundException',
    'already-exists': 'ResourceInUseException',
    'invalid-name': 'InvalidArgumentException',
    'limit-exceeded': 'AccountStreamLimitExceededException',
    closing: 'ServiceUnavailableException',
    'log-failed': 'ServiceUnavailableException',
  };
  for (const [code, name] of Object.entries(streams)) {
    assert.ok(withCode(name)(translateError(new StreamError(code as StreamErrorCode, 'x'))), code);
  }
  const catalog: Partial<Record<CatalogErrorCode, string>> = {
    conflict: 'VersionMismatchException',
    'too-many': 'TagsPerResourceExceededLimitException',
  };
  for (const [code, name] of Object.entries(catalog)) {
    assert.ok(withCode(name)(translateError(new CatalogError(code as CatalogErrorCode, 'x'))), code);
  }
  const bug = new TypeError('a bug');
  assert.equal(translateError(bug), bug);
});
