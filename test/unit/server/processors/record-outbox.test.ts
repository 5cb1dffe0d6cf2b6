import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { RecordOutbox } from '../../../../server/processors/record-outbox.ts';
import { RecordError, type RecordService } from '../../../../server/records/record-service.ts';
import { faceSearchProcessor } from './support.ts';

const logger = pino({ level: 'silent' });

/** A data stream that takes records, or does not. */
class DataStream {
  readonly taken: string[] = [];
  refusal: RecordError | undefined;
  #waiters: (() => void)[] = [];

  readonly put: RecordService['put'] = (_name, { data }) => {
    for (const resolve of this.#waiters.splice(0)) resolve();
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    this.taken.push(Buffer.from(data).toString());
    return Promise.resolve({ shardId: 'shardId-000000000000', sequenceNumber: '1' });
  };

  /** Resolves with the next try. */
  tried(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  async has(count: number): Promise<void> {
    while (this.taken.length < count) await this.tried();
  }
}

function openOutbox(t: TestContext, maxWaiting = 100) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-outbox-'));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  const processors = catalog.processors;
  for (const name of ['a', 'b']) {
    processors.insert({
      ...faceSearchProcessor(name),
      createdMs: 1,
      updatedMs: 1,
      state: { wish: 'stopped' },
    });
  }
  const outboxes: RecordOutbox[] = [];
  const open = (records: DataStream) => {
    const options = { catalog: processors, records, maxWaiting, backoffMs: 1, maxBackoffMs: 4 };
    const outbox = new RecordOutbox({ ...options, logger, now: Date.now });
    outboxes.push(outbox);
    return outbox;
  };
  t.after(async () => {
    await Promise.all(outboxes.map((outbox) => outbox.close()));
    catalog.close();
    rmSync(folder, { recursive: true });
  });
  return { open, processors };
}

const record = (processor: string, text: string) => ({
  processor,
  dataStream: 'results',
  partitionKey: 'door',
  data: Buffer.from(text),
});

test('records come in order, and do not wait any more', async (t) => {
  const { open } = openOutbox(t);
  const stream = new DataStream();
  const outbox = open(stream);
  for (const text of ['1', '2', '3']) outbox.add(record('a', text));
  await stream.has(3);
  outbox.add(record('a', '4'));
  await stream.has(4);
  assert.deepEqual(stream.taken, ['1', '2', '3', '4']);
  await outbox.close();
  assert.equal(outbox.waiting().size, 0);
  assert.deepEqual(outbox.counters, { delivered: 4, retried: 0, dropped: 0 });
});

test('a data stream that is down: records wait, also over a restart, and come in order when it is there again', async (t) => {
  const { open } = openOutbox(t);
  const down = new DataStream();
  down.refusal = new RecordError('not-found', 'There is no data stream results.');
  const before = open(down);
  before.add(record('a', '1'));
  await down.tried();
  await down.tried();
  before.add(record('a', '2'));
  assert.equal(before.problemOf('a'), 'There is no data stream results.');
  assert.equal(before.problemOf('b'), undefined);
  await before.close();
  assert.deepEqual(before.waiting(), new Map([['a', 2]]));
  const up = new DataStream();
  const after = open(up);
  after.start();
  await up.has(2);
  assert.deepEqual(up.taken, ['1', '2']);
  up.refusal = new RecordError('throughput-exceeded', 'too fast');
  after.add(record('a', '3'));
  await up.tried();
  up.refusal = undefined;
  await up.has(3);
  assert.deepEqual(up.taken, ['1', '2', '3']);
});

test('too many that wait: the oldest go and are counted', async (t) => {
  const { open } = openOutbox(t, 2);
  const down = new DataStream();
  down.refusal = new RecordError('write-failed', 'no disk');
  const outbox = open(down);
  for (const text of ['1', '2', '3', '4']) outbox.add(record('a', text));
  assert.equal(outbox.counters.dropped, 2);
  down.refusal = undefined;
  await down.has(2);
  assert.deepEqual(down.taken, ['3', '4']);
});

test('a record that the stream will never take is passed over; one processor holds up nobody else', async (t) => {
  const { open } = openOutbox(t);
  const stream = new DataStream();
  const { put } = stream;
  const picky = Object.assign(stream, {
    put: ((name, wanted, nowMs) => {
      if (Buffer.from(wanted.data).toString() === 'huge') {
        return Promise.reject(new RecordError('invalid-argument', 'too large'));
      }
      return put(name, wanted, nowMs);
    }) as RecordService['put'],
  });
  const outbox = open(picky);
  for (const text of ['huge', '1']) outbox.add(record('a', text));
  outbox.add(record('b', '2'));
  await stream.has(2);
  assert.deepEqual(stream.taken.toSorted(), ['1', '2']);
  assert.equal(outbox.counters.dropped, 1);
});
