import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WatchError, type WatchErrorCode, type WatchOptions } from '../../../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../../../ml/supervisor/watch-result.ts';
import {
  WorkerSupervisor,
  type WorkerSupervisorOptions,
} from '../../../../ml/supervisor/worker-supervisor.ts';
import { watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import { until } from '../../../e2e/support/until.ts';
import { type MadeSample, sample } from './support/samples.ts';

/** Real processes, without decoders and models: what they do is in support/puppet-worker.ts. */

const PUPPET = join(import.meta.dirname, 'support/puppet-worker.ts');

function supervisorOf(t: TestContext, options: Partial<WorkerSupervisorOptions> = {}) {
  const errors: string[] = [];
  const supervisor = new WorkerSupervisor({
    workers: 1,
    decoder: 'auto',
    now: () => Date.now(),
    log: { info: () => {}, warn: () => {}, error: (_, message) => errors.push(message) },
    entry: PUPPET,
    ...options,
  });
  t.after(() => supervisor.close());
  return { supervisor, errors };
}

function watchOf(
  supervisor: WorkerSupervisor,
  stream: string,
  tier: string,
  options: Partial<WatchOptions> = {},
) {
  const results: WatchResult[] = [];
  const states: string[] = [];
  const watch = supervisor.watch({
    name: `live:${stream}`,
    stream,
    pace: 'live',
    settings: watchSettingsSchema.parse({ tier }),
    state: undefined,
    onResult: (result) => {
      results.push(result);
    },
    onStatus: ({ state }) => states.push(state),
    ...options,
  });
  const offer = (made: MadeSample) => watch.offer(sample(made));
  const offerAll = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await offer({ n });
  };
  const numbers = () => results.map(({ frame }) => Number(frame.fragmentNumber));
  return { watch, results, states, offer, offerAll, numbers };
}

function fails(code: WatchErrorCode, promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof WatchError && error.code === code);
}

const workerOf = ({ state }: WatchResult) => state?.rules;

test('key frames go to a worker that is started for them, and results come back in order', async (t) => {
  const { supervisor } = supervisorOf(t);
  assert.deepEqual(supervisor.pids, []);
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  for (const n of [0, 50, 100]) {
    await cam.offer({ n });
    await cam.watch.drained();
  }
  assert.deepEqual(cam.numbers(), [0, 50, 100]);
  assert.equal(supervisor.pids.length, 1);
  assert.equal(supervisor.capabilities?.backend, 'puppet');
  assert.deepEqual(cam.watch.status.state, 'watching');
  assert.ok(cam.watch.status.lagMs !== undefined);
  assert.equal(supervisor.counters.looked, 3);
  assert.equal(supervisor.counters.lag.count, 3);
});

test('frames between key frames: what is in the decoder is asked for by the samples that follow', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'fps:5');
  await cam.offerAll(0, 1);
  await until('the first result', () => cam.results.length === 1);
  await cam.offerAll(2, 5);
  await cam.watch.drained();
  assert.deepEqual(cam.numbers(), [0, 5]);
});

test('a batch has every frame looked at, at the pace of the worker', async (t) => {
  const { supervisor } = supervisorOf(t);
  const job = watchOf(supervisor, 'cam', 'fps:5', { pace: 'batch' });
  await job.offerAll(0, 499);
  await job.watch.drained();
  assert.deepEqual(
    job.numbers(),
    Array.from({ length: 100 }, (_, i) => i * 5),
  );
  assert.deepEqual(supervisor.counters.dropped, {});
});

test('a batch beside a live watch goes on, and does not hold it up', async (t) => {
  const { supervisor } = supervisorOf(t);
  const live = watchOf(supervisor, 'cam', 'keyframes');
  const job = watchOf(supervisor, 'cam', 'keyframes', { pace: 'batch', name: 'job:1' });
  const batch = (async () => {
    for (let n = 0; n < 40; n++) await job.offer({ n: n * 50 });
    await job.watch.drained();
  })();
  for (let n = 0; n < 20; n++) {
    await live.offer({ n: n * 50 });
    await live.watch.drained();
  }
  await batch;
  assert.equal(live.results.length, 20);
  assert.equal(job.results.length, 40);
});

test('results wait for who takes them; what cannot be taken ends the watch, with its error', async (t) => {
  const { supervisor, errors } = supervisorOf(t);
  const taken: string[] = [];
  let isTaking = false;
  const cam = watchOf(supervisor, 'cam', 'keyframes', {
    pace: 'batch',
    onResult: async ({ frame }) => {
      assert.equal(isTaking, false);
      isTaking = true;
      await new Promise((resolve) => setImmediate(resolve));
      isTaking = false;
      if (frame.fragmentNumber === '100') throw new Error('the disk is full');
      taken.push(frame.fragmentNumber);
    },
  });
  for (const n of [0, 50, 100]) await cam.offer({ n });
  await fails('closed', cam.watch.drained());
  assert.deepEqual(taken, ['0', '50']);
  assert.equal(cam.watch.status.state, 'failed');
  assert.match(cam.watch.status.message, /the disk is full/);
  await fails('closed', cam.offer({ n: 150 }));
  assert.equal(errors.length, 1);
});

test('a worker that dies: the others go on where they were, the guilty one with its next key frame', async (t) => {
  const { supervisor } = supervisorOf(t);
  const bad = watchOf(supervisor, 'bad', 'keyframes');
  const good = watchOf(supervisor, 'good', 'fps:5');
  await good.offerAll(0, 6);
  await until('a frame of the good one', () => good.results.length > 0);
  await bad.offer({ n: 0, data: 'die' });
  await good.offerAll(7, 15);
  await good.watch.drained();
  await until('the restart', () => supervisor.counters.workers.crashed === 1);
  await bad.offer({ n: 50 });
  await bad.watch.drained();
  await good.offerAll(16, 20);
  await good.watch.drained();
  assert.deepEqual(bad.numbers(), [50]);
  const last = good.results.at(-1);
  assert.equal(last?.frame.fragmentNumber, '20');
  assert.equal(last?.state?.tracker, good.results.length, 'the new worker goes on from the last state');
  assert.equal(new Set(good.results.map(workerOf)).size, 2);
  assert.equal(supervisor.counters.dropped.crashed, 1);
});

test('a worker that is killed between requests is replaced without anybody being blamed', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'fps:5');
  await cam.offerAll(0, 1);
  await until('a result', () => cam.results.length === 1);
  const [pid = 0] = supervisor.pids;
  process.kill(pid, 'SIGSEGV');
  await until('its end', () => supervisor.counters.workers.crashed === 1);
  await cam.offerAll(2, 6);
  await cam.watch.drained();
  assert.deepEqual(cam.numbers(), [0, 5]);
  assert.equal(cam.results[1]?.state?.tracker, 2);
  assert.deepEqual(supervisor.counters.dropped, {});
});

test('three crashes: the stream is left alone, in all its watches, until its time is over', async (t) => {
  let nowMs = 0;
  const { supervisor, errors } = supervisorOf(t, { now: () => nowMs });
  const bad = watchOf(supervisor, 'bad', 'keyframes');
  const job = watchOf(supervisor, 'bad', 'keyframes', { pace: 'batch', name: 'job:1' });
  for (let n = 0; n < 3; n++) {
    await bad.offer({ n: n * 50, data: 'die' });
    await until('the crash', () => supervisor.counters.workers.crashed === n + 1);
  }
  assert.equal(bad.watch.status.state, 'quarantined');
  assert.equal(job.watch.status.state, 'quarantined');
  await bad.offer({ n: 150 });
  await bad.watch.drained();
  await fails('crashed', job.offer({ n: 0 }));
  assert.deepEqual(bad.results, []);
  assert.equal(supervisor.counters.quarantines, 1);
  assert.equal(errors.length, 1);
  nowMs += 10 * 60_000;
  await bad.offer({ n: 200 });
  await bad.watch.drained();
  assert.deepEqual(bad.numbers(), [200]);
  assert.deepEqual(bad.states, ['quarantined', 'watching']);
});

test('a worker that hangs is ended at the deadline, one that grows by the watchdog', async (t) => {
  const { supervisor } = supervisorOf(t, { requestTimeoutMs: 300, maxRssBytes: 300 << 20 });
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  await cam.offer({ n: 0 });
  await cam.watch.drained();
  await cam.offer({ n: 50, data: 'hang' });
  await until('the deadline', () => supervisor.counters.workers.timedOut === 1);
  if (process.platform === 'linux') {
    await cam.offer({ n: 100, data: 'grow' });
    await until('the watchdog', () => supervisor.counters.workers.tooLarge === 1);
  }
  await cam.offer({ n: 150 });
  await cam.watch.drained();
  assert.deepEqual(cam.numbers(), [0, 150]);
});

test('an old worker is replaced without a word: nothing is lost', async (t) => {
  let nowMs = 0;
  const { supervisor } = supervisorOf(t, { now: () => nowMs, recycleAfterMs: 1000 });
  const cam = watchOf(supervisor, 'cam', 'fps:5');
  for (let n = 0; n < 120; n++) {
    nowMs += 40;
    await cam.offer({ n });
    if (n % 5 === 4) await until('the frame', () => cam.results.length === (n + 1) / 5);
  }
  await cam.watch.drained();
  assert.ok(supervisor.counters.workers.recycled >= 3);
  assert.equal(supervisor.counters.workers.crashed, 0);
  assert.deepEqual(
    cam.numbers(),
    Array.from({ length: 24 }, (_, i) => i * 5),
  );
  assert.deepEqual(
    cam.results.map(({ state }) => state?.tracker),
    Array.from({ length: 24 }, (_, i) => i + 1),
  );
});

test('a model that cannot be loaded: the watch says so, and goes on with other settings', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  await cam.offer({ n: 0, data: 'no-model' });
  await until('the failure', () => cam.watch.status.state === 'failed');
  await fails('no-model', cam.watch.end(sample({ n: 0 }).frame));
  await cam.offer({ n: 50 });
  assert.equal(supervisor.counters.dropped.failed, 2);
  cam.watch.configure(watchSettingsSchema.parse({ tier: 'keyframes', model: 'another' }));
  await cam.offer({ n: 100 });
  await cam.watch.drained();
  assert.deepEqual(cam.numbers(), [100]);
  assert.equal(cam.results[0]?.model.name, 'another');
});

test('the end comes after all that was offered', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'fps:5');
  await cam.offerAll(0, 6);
  await cam.watch.end({ fragmentNumber: '6', offsetMs: 0, producerMs: 0, serverMs: 0 });
  assert.deepEqual(cam.numbers(), [5, 6]);
  await cam.offerAll(7, 10);
  await cam.watch.drained();
  assert.deepEqual(cam.numbers(), [5, 6, 10], 'and it may go on after it');
});

test('a closed watch gives no results, and takes nothing', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  await cam.offer({ n: 0 });
  const drained = cam.watch.drained();
  cam.watch.close();
  await drained;
  await fails('closed', cam.offer({ n: 50 }));
  assert.deepEqual(cam.results, []);
  assert.equal(supervisor.levels.watches, 0);
});

test('single pictures: answered between frames, refused when too many wait, and when their worker dies', async (t) => {
  const { supervisor } = supervisorOf(t, { maxLooks: 2 });
  const look = (what: string) => supervisor.look({ file: Buffer.from(what) });
  assert.equal((await look('')).width, 1);
  await fails('no-model', look('no-model'));
  const dying = fails('crashed', look('die'));
  await dying;
  // One is at the worker, two wait.
  const some = [look(''), look('')];
  await until('the first to be taken', () => supervisor.levels.waitingPictures < 2);
  some.push(look(''));
  const refused = await Promise.allSettled([...some, look(''), look(''), look('')]);
  assert.ok(refused.some((one) => one.status === 'rejected' && (one.reason as WatchError).code === 'busy'));
  assert.deepEqual(Object.keys(supervisor.counters.pictures.failed).sort(), ['busy', 'crashed', 'no-model']);
});

test('where no engine is fast enough, everybody is told', async (t) => {
  const { supervisor } = supervisorOf(t, { modelDirectory: 'unavailable' });
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  await cam.offer({ n: 0 });
  await until('the failure', () => cam.watch.status.state === 'failed');
  assert.match(cam.watch.status.message, /no engine here/);
  assert.equal(supervisor.capabilities, undefined);
});

test('a worker that cannot be started is tried again, and those who wait are told', async (t) => {
  const { supervisor } = supervisorOf(t, { modelDirectory: 'die' });
  await fails('unavailable', supervisor.look({ file: Buffer.from('') }));
  assert.equal(supervisor.counters.workers.started, 3);
});

test('closing the supervisor closes its watches and ends its workers', async (t) => {
  const { supervisor } = supervisorOf(t);
  const cam = watchOf(supervisor, 'cam', 'keyframes');
  await cam.offer({ n: 0 });
  await cam.watch.drained();
  const [pid = 0] = supervisor.pids;
  const picture = fails('closed', supervisor.look({ file: Buffer.from('hang') }));
  await supervisor.close();
  await picture;
  assert.throws(() => process.kill(pid, 0));
  await fails('closed', cam.offer({ n: 50 }));
  assert.throws(() => watchOf(supervisor, 'other', 'keyframes'), WatchError);
});

test('watches are spread by their names, and moved where workers differ much', async (t) => {
  let nowMs = 0;
  const { supervisor } = supervisorOf(t, { workers: 2, now: () => nowMs });
  const watches = ['a', 'b', 'c', 'd'].map((stream) => watchOf(supervisor, stream, 'keyframes'));
  for (const cam of watches) {
    await cam.offer({ n: 0 });
    await cam.watch.drained();
  }
  const workers = new Map<unknown, typeof watches>();
  for (const cam of watches) {
    const worker = cam.results[0]?.state?.rules;
    workers.set(worker, [...(workers.get(worker) ?? []), cam]);
  }
  assert.equal(workers.size, 2);
  supervisor.rebalance();
  assert.equal(supervisor.counters.moves, 0, 'there is nothing to do: nothing is moved');
  const [busy = []] = [...workers.values()].filter(({ length }) => length > 1);
  for (let round = 1; round <= 40; round++) {
    for (const cam of busy) {
      await cam.offer({ n: round * 50 });
      nowMs += 400;
      await cam.watch.drained();
    }
  }
  supervisor.rebalance();
  assert.equal(supervisor.counters.moves, 1);
  for (const cam of busy) {
    await cam.offer({ n: 5000 });
    await cam.watch.drained();
  }
  const now = new Set(busy.map(({ results }) => results.at(-1)?.state?.rules));
  assert.equal(now.size, 2);
  for (const { results } of busy) assert.equal(results.at(-1)?.state?.tracker, results.length);
});
