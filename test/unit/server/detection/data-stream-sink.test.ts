import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataStreamSink } from '../../../../server/detection/data-stream-sink.ts';
import { SinkError } from '../../../../server/detection/event-sink.ts';
import {
  type CreateStreamOptions,
  type DataStreamInfo,
  RecordError,
  type RecordErrorCode,
  type RecordToPut,
} from '../../../../server/records/record-service.ts';
import { eventOf } from './support/events.ts';

function setUp() {
  const made: [string, CreateStreamOptions][] = [];
  const put: [string, readonly RecordToPut[]][] = [];
  const rig = { refuse: (_data: string): RecordErrorCode | undefined => undefined };
  const records = {
    stream: (name: string) =>
      made.some(([each]) => each === name) ? ({ name } as DataStreamInfo) : undefined,
    create: (name: string, options: CreateStreamOptions) => {
      made.push([name, options]);
      return { name } as DataStreamInfo;
    },
    putMany: async (name: string, some: readonly RecordToPut[]) => {
      put.push([name, some]);
      return some.map(({ data }) => {
        const code = rig.refuse(Buffer.from(data).toString());
        return code === undefined ? { shardId: 's', sequenceNumber: '1' } : new RecordError(code, code);
      });
    },
  };
  const targets: Record<string, string | null> = { door: 'own', silent: null };
  const dataStreamOf = (stream: string) =>
    stream in targets ? (targets[stream] ?? null) : 'framelog-events';
  return { made, put, rig, sink: new DataStreamSink({ records, dataStreamOf, now: () => 1 }) };
}

const of = (...streams: string[]) =>
  streams.map((stream, i) => ({ seq: i + 1, event: eventOf({ stream, producerMs: i }) }));

test('events go to the data stream of their camera as JSON, keyed by its name; a missing one is made', async () => {
  const { made, put, sink } = setUp();
  const events = of('cam', 'door', 'cam', 'silent');
  await sink.deliver(events);
  assert.deepEqual(
    made.map(([name]) => name),
    ['framelog-events', 'own'],
  );
  assert.deepEqual(made[0]?.[1], { mode: 'PROVISIONED', shardCount: 1, retentionHours: 168 });
  assert.deepEqual(
    put.map(([name, records]) => [name, records.map(({ partitionKey }) => partitionKey)]),
    [
      ['framelog-events', ['cam', 'cam']],
      ['own', ['door']],
    ],
  );
  assert.deepEqual(JSON.parse(Buffer.from(put[0]?.[1][1]?.data ?? []).toString()), events[2]?.event);
  await sink.deliver(of('cam'));
  assert.equal(made.length, 2);
});

test('records that are not durable are not delivered: it comes again; what can never be a record is final', async () => {
  const { rig, sink } = setUp();
  const failsWith = (isFinal: boolean) => (error: unknown) =>
    error instanceof SinkError && error.isFinal === isFinal;
  for (const code of ['throughput-exceeded', 'write-failed', 'not-found', 'closing'] as const) {
    rig.refuse = (data) => (data.includes('door') ? code : undefined);
    await assert.rejects(sink.deliver(of('cam', 'door')), failsWith(false), code);
    await sink.deliver(of('cam'));
  }
  rig.refuse = () => 'invalid-argument';
  await assert.rejects(sink.deliver(of('cam')), failsWith(true));
});
