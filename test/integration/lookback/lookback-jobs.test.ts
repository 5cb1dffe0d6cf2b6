import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { WatchError } from '../../../ml/supervisor/supervisor.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { SqliteCatalog } from '../../../server/catalog/sqlite-catalog.ts';
import { SqliteEventStore } from '../../../server/detection/sqlite-event-store.ts';
import { LookbackError } from '../../../server/lookback/lookback-error.ts';
import { type JobWish, LookbackJobs } from '../../../server/lookback/lookback-jobs.ts';
import { mediaOf, Recordings } from '../clip/recordings.ts';
import { ScriptedSupervisor } from './scripted-supervisor.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));
const settings = watchSettingsSchema.parse({});

/** A stream of twenty seconds, ten fragments, and a server's jobs over it that can be ended and begun again. */
async function rig(t: TestContext) {
  const recordings = new Recordings(t);
  const startMs = recordings.nowMs;
  await recordings.record('yard', await mediaOf(CLIP));
  const supervisor = new ScriptedSupervisor();
  const catalog = SqliteCatalog.open(join(recordings.directory, 'catalog.db'));
  const store = SqliteEventStore.open(join(recordings.directory, 'detections.db'));
  t.after(() => {
    store.close();
    catalog.close();
  });
  const open = () =>
    new LookbackJobs({
      catalog: catalog.jobs,
      streams: recordings.streams,
      supervisor,
      store,
      maxRunning: 1,
      logger: pino({ level: 'silent' }),
      now: () => recordings.nowMs,
    });
  const wish: JobWish = { stream: 'yard', fromMs: startMs, toMs: startMs + 20_000, settings, replaces: true };
  const events = () =>
    store.search({ streams: ['yard'] }, { limit: 1000, order: 'oldest' }).events.map(({ event }) => event);
  return { recordings, supervisor, catalog, store, open, wish, events, startMs };
}

/** Resolves when the job has ended; a job that runs tells it with each look. */
async function ended(jobs: LookbackJobs, id: string): Promise<string> {
  for (;;) {
    const { state } = jobs.get(id);
    if (state === 'done' || state === 'failed' || state === 'cancelled') return state;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a job looks at every key frame of its range once, and tells how far it is', async (t) => {
  const { open, wish, events, supervisor } = await rig(t);
  const jobs = open();
  const { id, state } = await jobs.create(wish);
  assert.equal(state, 'running');
  assert.equal(await ended(jobs, id), 'done');
  assert.equal(supervisor.looked.length, 10);
  assert.equal(new Set(supervisor.looked).size, 10);
  const job = jobs.get(id);
  assert.deepEqual(job.progress, { atMs: wish.toMs, fragments: 10, frames: 10, events: 11 });
  // All of them are kept, those of the end too.
  assert.deepEqual(
    events().map(({ phase }) => phase),
    [...Array.from({ length: 10 }, () => 'update'), 'leave'],
  );
});

test('a range in the middle: only frames in it are due', async (t) => {
  const { open, wish, supervisor, startMs, events } = await rig(t);
  const jobs = open();
  // Key frames at 4, 6 and 8 s; the fragment from 2 s on shows the first moments of the range.
  const { id } = await jobs.create({ ...wish, fromMs: startMs + 3500, toMs: startMs + 9000 });
  await ended(jobs, id);
  assert.equal(supervisor.looked.length, 3);
  for (const { producerMs } of events()) {
    assert.ok(producerMs >= startMs + 3500 && producerMs < startMs + 9000, String(producerMs));
  }
});

test('a job that is cancelled goes on where it was', async (t) => {
  const { open, wish, supervisor, events } = await rig(t);
  const jobs = open();
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const { promise: go, resolve: letGo } = Promise.withResolvers<void>();
  supervisor.beforeLook = () => {
    if (supervisor.looked.length !== 4) return undefined;
    resolve();
    return go;
  };
  const { id } = await jobs.create(wish);
  await reached;
  const cancelling = jobs.cancel(id);
  letGo();
  assert.equal((await cancelling).state, 'cancelled');
  assert.equal(jobs.get(id).progress.fragments, 4);
  await assert.rejects(jobs.cancel(id), (error) => isRefused(error, 'wrong-state'));
  supervisor.beforeLook = () => {};
  jobs.resume(id);
  assert.equal(await ended(jobs, id), 'done');
  assert.equal(new Set(supervisor.looked).size, 10);
  assert.equal(supervisor.looked.length, 10, 'no frame twice');
  // What was followed went on: the count never began anew.
  const scores = events().map(({ score }) => score);
  assert.deepEqual(scores, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
});

test("a job goes on by itself after the server's end, whenever that comes", async (t) => {
  const { open, wish, supervisor, events } = await rig(t);
  for (const at of [0, 3, 9]) {
    supervisor.looked.length = 0;
    const first = open();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const { promise: go, resolve: letGo } = Promise.withResolvers<void>();
    supervisor.beforeLook = () => {
      if (supervisor.looked.length !== at) return undefined;
      resolve();
      return go;
    };
    const { id } = await first.create(wish);
    await reached;
    const closing = first.close();
    letGo();
    await closing;
    assert.equal(first.get(id).state, 'interrupted');
    supervisor.beforeLook = () => {};
    const second = open();
    second.start();
    assert.equal(await ended(second, id), 'done');
    assert.equal(supervisor.looked.length, 10);
    await second.close();
    // Each run has replaced what the one before had said.
    assert.equal(events().length, 11);
    assert.ok(events().every(({ watch }) => watch === `job:${id}`));
  }
});

test('results stand beside earlier ones when that is asked for', async (t) => {
  const { open, wish, events } = await rig(t);
  const jobs = open();
  for (const replaces of [true, false]) await ended(jobs, (await jobs.create({ ...wish, replaces })).id);
  assert.equal(events().length, 22);
});

test('a job that fails says why, and can go on', async (t) => {
  const { open, wish, supervisor } = await rig(t);
  const jobs = open();
  supervisor.beforeLook = () => {
    if (supervisor.looked.length === 2) throw new WatchError('no-model', 'there is no model x');
  };
  const { id } = await jobs.create(wish);
  assert.equal(await ended(jobs, id), 'failed');
  assert.equal(jobs.get(id).message, 'there is no model x');
  assert.equal(jobs.counters.ended.failed, 1);
  supervisor.beforeLook = () => {};
  jobs.resume(id);
  assert.equal(await ended(jobs, id), 'done');
  assert.equal(jobs.get(id).message, undefined);
  jobs.remove(id);
  assert.throws(
    () => jobs.get(id),
    (error) => isRefused(error, 'not-found'),
  );
});

test('what cannot be done is refused', async (t) => {
  const { open, wish, startMs, recordings } = await rig(t);
  const jobs = open();
  const refuses = (change: Partial<JobWish>, code: string) =>
    assert.rejects(jobs.create({ ...wish, ...change }), (error) => isRefused(error, code));
  await refuses({ stream: 'nowhere' }, 'no-stream');
  await refuses({ fromMs: startMs + 5, toMs: startMs + 5 }, 'invalid');
  await refuses({ fromMs: recordings.nowMs + 60_000, toMs: undefined }, 'no-media');
  await refuses({ settings: { ...settings, tier: 'off' } }, 'invalid');
  await jobs.close();
  await refuses({}, 'closing');
});

test('without times it is all that is recorded', async (t) => {
  const { open, wish, startMs, supervisor } = await rig(t);
  const jobs = open();
  const { id, fromMs, toMs } = await jobs.create({ ...wish, fromMs: undefined, toMs: undefined });
  assert.ok(fromMs >= startMs && fromMs <= startMs + 40);
  assert.ok(toMs >= startMs + 19_900 && toMs <= startMs + 20_100);
  await ended(jobs, id);
  assert.equal(supervisor.looked.length, 10);
});

test('a stream that is deleted takes its jobs with it', async (t) => {
  const { open, wish, supervisor, recordings } = await rig(t);
  const jobs = open();
  supervisor.beforeLook = async () => {
    if (supervisor.looked.length === 2) await recordings.streams.delete('yard');
  };
  await jobs.create(wish);
  while (jobs.running > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(jobs.list(), []);
});

function isRefused(error: unknown, code: string): boolean {
  return error instanceof LookbackError && error.code === code;
}
