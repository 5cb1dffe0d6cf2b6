import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { AwsCall } from '../../../../../server/aws/aws-call.ts';
import { CatalogVideoResources } from '../../../../../server/aws/kinesis-video/catalog-video-resources.ts';
import type { ControlPlane } from '../../../../../server/aws/kinesis-video/control-plane.ts';
import { resourceVersion } from '../../../../../server/aws/kinesis-video/resource-version.ts';
import { streamOperations } from '../../../../../server/aws/kinesis-video/stream-operations.ts';
import type { StreamRecord } from '../../../../../server/catalog/catalog.ts';

const ACCOUNT = { region: 'us-east-1', accountId: '000000000000', endpoint: () => 'http://here' };

/** The operations over one stream. */
function rig(retentionHours: number | null) {
  let record: StreamRecord = {
    name: 'n'.repeat(256),
    createdMs: 1_700_000_000_123,
    retentionHours,
    maxBytes: null,
    version: 1,
    deviceName: 'd'.repeat(128),
    mediaType: 'video/h264,audio/aac',
    kmsKeyId: 'k'.repeat(2048),
  };
  const applied: (number | null)[] = [];
  const streams = {
    record: () => record,
    list: () => [record],
    open: () => Promise.reject(new Error('nobody opens it')),
    create: () => record,
    update: (_name: string, change: Partial<StreamRecord>) => {
      record = { ...record, ...change, version: record.version + 1 };
      return record;
    },
    delete: async () => {},
  };
  const resources = new CatalogVideoResources(streams, ACCOUNT);
  const plane = {
    account: ACCOUNT,
    streams,
    resources,
    autoCreate: true,
    applyRetention: async () => void applied.push(record.retentionHours),
  } as Partial<ControlPlane> as ControlPlane;
  const { handlers = {} } = streamOperations(plane);
  const call = (operation: string, input: object): Promise<Record<string, unknown>> => {
    const StreamARN = resources.streamOf(record).arn;
    const all: AwsCall<object> = {
      operation,
      input: { StreamARN, CurrentVersion: resourceVersion(StreamARN, record.version), ...input },
      principal: { kind: 'open', id: 'open', may: () => true },
      requestId: 'r',
      nowMs: 0,
      signal: new AbortController().signal,
      logger: pino({ level: 'silent' }),
    };
    return Promise.resolve(handlers[operation]?.(all as AwsCall<never>) ?? {});
  };
  return { call, applied, record: () => record };
}

test('a decrease of retention is applied to what is stored, at once; an increase is not', async () => {
  const { call, applied, record } = rig(24);
  const change = (Operation: string, DataRetentionChangeInHours: number) =>
    call('UpdateDataRetention', { Operation, DataRetentionChangeInHours });
  await change('INCREASE_DATA_RETENTION', 6);
  assert.deepEqual([record().retentionHours, applied], [30, []]);
  await change('DECREASE_DATA_RETENTION', 29);
  assert.deepEqual([record().retentionHours, applied], [1, [1]]);
});

test('a stream that keeps everything until space is needed counts from the greatest retention', async () => {
  const { call, record } = rig(null);
  await assert.rejects(
    call('UpdateDataRetention', { Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 }),
    { code: 'InvalidArgumentException' },
  );
  await call('UpdateDataRetention', {
    Operation: 'DECREASE_DATA_RETENTION',
    DataRetentionChangeInHours: 87_000,
  });
  assert.equal(record().retentionHours, 600);
});

test('the description of a stream is short enough for the C producer, which reads 100 JSON tokens', async () => {
  const { call } = rig(24);
  const { StreamInfo } = await call('DescribeStream', { CurrentVersion: undefined });
  const tokens = JSON.stringify({ StreamInfo }).match(/"[^"]*"|[{[]|[\d.]+/g)?.length ?? 0;
  assert.equal(tokens, 3 + 2 * 9);
});
