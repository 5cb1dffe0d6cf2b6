import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { ProcessorRecord } from '../../../../server/catalog/processor-catalog.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';

function openCatalog(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-processors-'));
  const path = join(folder, 'catalog.db');
  let catalog = SqliteCatalog.open(path);
  t.after(() => {
    catalog.close();
    rmSync(folder, { recursive: true });
  });
  const reopen = () => {
    catalog.close();
    catalog = SqliteCatalog.open(path);
    return catalog.processors;
  };
  return { path, processors: catalog.processors, reopen };
}

const processor = (name: string): ProcessorRecord => ({
  name,
  createdMs: 1,
  updatedMs: 2,
  stream: { name: 'door', createdMs: 3, arn: 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/3' },
  dataStream: 'faces',
  work: { type: 'face-search', collection: 'staff', matchThreshold: 80 },
  regions: [
    { box: [0, 0, 0.5, 0.5] },
    {
      polygon: [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    },
  ],
  told: { RoleArn: 'arn:aws:iam::000000000000:role/x', Output: { KinesisDataStream: { Arn: 'a' } } },
  tags: { __proto__x: 'y' },
  state: { wish: 'running', session: { id: 's', startedMs: 4, from: { producerMs: 5 } } },
});

const record = (name: string, text: string) => ({
  processor: name,
  dataStream: 'faces',
  partitionKey: 'door',
  data: Buffer.from(text),
});

test('processors are kept as they are', (t) => {
  const { processors, reopen } = openCatalog(t);
  for (const name of ['b', 'a', 'c']) processors.insert(processor(name));
  assert.throws(() => processors.insert(processor('a')), { code: 'already-exists' });
  assert.throws(() => processors.update(processor('x')), { code: 'not-found' });
  processors.update({ ...processor('b'), state: { wish: 'failed', message: 'gone' } });
  assert.ok(processors.remove('c'));
  assert.ok(!processors.remove('c'));
  const again = reopen();
  assert.deepEqual(again.list(), [
    processor('a'),
    { ...processor('b'), state: { wish: 'failed', message: 'gone' } },
  ]);
  assert.deepEqual(
    again.list({ after: 'a', limit: 1 }).map(({ name }) => name),
    ['b'],
  );
  assert.deepEqual(again.get('a'), processor('a'));
  assert.equal(again.get('c'), undefined);
  assert.equal(again.count(), 2);
});

test('records wait in order, the oldest go when there are too many, and all go with their processor', (t) => {
  const { processors, reopen } = openCatalog(t);
  processors.insert(processor('a'));
  processors.insert(processor('b'));
  const dropped = ['1', '2', '3', '4'].map((text) => processors.addRecord(record('a', text), 3));
  assert.deepEqual(dropped, [0, 0, 0, 1]);
  processors.addRecord(record('b', 'x'), 3);
  const texts = (name: string) =>
    reopen()
      .waitingRecords(name, 10)
      .map(({ data }) => Buffer.from(data).toString());
  assert.deepEqual(texts('a'), ['2', '3', '4']);
  const waiting = reopen();
  const [first] = waiting.waitingRecords('a', 1);
  assert.ok(first !== undefined);
  waiting.removeRecords([first.seq]);
  assert.deepEqual(
    waiting.countRecords(),
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  );
  waiting.remove('a');
  assert.deepEqual(waiting.countRecords(), new Map([['b', 1]]));
  assert.throws(() => waiting.addRecord(record('a', '5'), 3), { code: 'not-found' });
});

test('a processor that cannot be read is named', (t) => {
  const { path, processors } = openCatalog(t);
  processors.insert(processor('a'));
  const raw = new DatabaseSync(path);
  raw.exec(`UPDATE stream_processors SET document = '{"name":"a"}'`);
  raw.close();
  assert.throws(() => processors.get('a'), { code: 'damaged', message: /stream processor a/ });
});
