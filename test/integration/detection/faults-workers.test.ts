import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../e2e/support/until.ts';
import { offered } from '../../support/clip-video.ts';
import { counterVideo, H264, numberIn, supervisorOf, watchStream } from './support/worker-rig.ts';

/** Workers that die, hang or have too much to do: whoever is not at fault loses nothing. */

const SECONDS = 2;

test('SIGSEGV in mid-stream: results go on, the same objects are followed, other cameras lose no key frame', async (t) => {
  const { video } = await counterVideo(t, H264, SECONDS);
  const supervisor = supervisorOf(t);
  const followed = watchStream(supervisor, 'followed', { tier: 'fps:5' });
  const other = watchStream(supervisor, 'other', { tier: 'keyframes' });
  const keys: number[] = [];
  let killed = 0;
  for (let round = 0; round < 4; round++) {
    const samples = offered(video, round * SECONDS * 1e6);
    for (const [i, sample] of samples.entries()) {
      await followed.watch.offer(sample);
      if (sample.isSync) {
        keys.push(sample.frame.producerMs);
        await other.watch.offer(sample);
      }
      // As from a camera: the worker has its time.
      if (i % 5 === 4)
        await until('the results', () => followed.results.length > 0 && other.results.length === keys.length);
      if (i === 12 && (round === 1 || round === 2)) {
        for (const pid of supervisor.pids) process.kill(pid, 'SIGSEGV');
        killed += 1;
        await until('its end', () => supervisor.counters.workers.crashed === killed);
      }
    }
  }
  await followed.watch.drained();
  await other.watch.drained();
  assert.equal(supervisor.counters.workers.started, 3);
  assert.deepEqual(
    other.results.map(({ frame }) => frame.producerMs),
    keys,
  );
  const afterMs = 3 * SECONDS * 1000;
  assert.ok(
    followed.results.some(({ frame }) => frame.producerMs >= afterMs),
    'results go on',
  );
  const persons = followed.results.flatMap(({ objects }) =>
    objects.filter(({ label }) => label === 'person'),
  );
  assert.equal(new Set(persons.map(({ trackId }) => trackId)).size, 1, 'the same person before and after');
  const entered = followed.results
    .flatMap(({ events }) => events)
    .filter(({ type, phase, label }) => type === 'object' && phase === 'enter' && label === 'person');
  assert.equal(entered.length, 1, 'and entered once');
});

test('a model that ends its worker: its stream is left alone, the others are looked at', async (t) => {
  const { video, samples } = await counterVideo(t, H264, SECONDS);
  const supervisor = supervisorOf(t);
  const guilty = watchStream(supervisor, 'guilty', { tier: 'keyframes', model: 'die' });
  const good = watchStream(supervisor, 'good', { tier: 'keyframes' });
  for (let round = 0; guilty.watch.status.state !== 'quarantined'; round++) {
    const [key] = offered(video, round * SECONDS * 1e6);
    assert.ok(key !== undefined && round < 10);
    await guilty.watch.offer(key);
    await good.watch.offer(key);
    await guilty.watch.drained();
    await good.watch.drained();
    assert.equal(good.results.length, round + 1);
  }
  assert.equal(guilty.results.length, 0);
  assert.equal(supervisor.counters.workers.crashed, 3);
  assert.equal(supervisor.levels.watchesByState.quarantined, 1);
  assert.ok(samples.length > 0);
});

test('a worker that hangs is killed at its deadline; the others go on', async (t) => {
  const { video } = await counterVideo(t, H264, SECONDS);
  const supervisor = supervisorOf(t, { loadTimeoutMs: 1000 });
  const [key] = offered(video);
  assert.ok(key !== undefined);
  const good = watchStream(supervisor, 'good', { tier: 'keyframes' });
  const hanging = watchStream(supervisor, 'hanging', { tier: 'keyframes', model: 'hang' });
  await hanging.watch.offer(key);
  await good.watch.offer(key);
  await good.watch.drained();
  await hanging.watch.drained();
  assert.equal(good.results.length, 1);
  assert.equal(supervisor.counters.workers.timedOut, 1);
});

test('20 cameras on one worker: lag is bounded and shown, offers never wait, memory is bounded, all have their turn', async (t) => {
  const { video } = await counterVideo(t, H264, SECONDS);
  const supervisor = supervisorOf(t);
  const cameras = Array.from({ length: 20 }, (_, i) =>
    watchStream(supervisor, `cam-${i}`, { tier: i % 2 === 0 ? 'fps:5' : 'keyframes', model: 'slow' }),
  );
  let offers = 0;
  let mostBytes = 0;
  let mostLagMs = 0;
  const groupBytes = video.samples.reduce((sum, { data }) => sum + data.length, 0);
  // Until the slowest has had its turn a few times; as much media as comes meanwhile.
  for (let round = 0; cameras.some(({ results }) => results.length < 3); round++) {
    const samples = offered(video, round * SECONDS * 1e6);
    for (const sample of samples) {
      let answered = 0;
      for (const { watch } of cameras) void watch.offer(sample).then(() => answered++);
      // An offer is taken within the turn in which it is made: nothing of a worker is waited for.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      await Promise.resolve();
      assert.equal(answered, cameras.length);
      offers += cameras.length;
      const { waitingBytes, lagMs } = supervisor.levels;
      mostBytes = Math.max(mostBytes, waitingBytes);
      mostLagMs = Math.max(mostLagMs, lagMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  for (const { watch } of cameras) await watch.drained();
  const { counters } = supervisor;
  assert.ok((counters.dropped.superseded ?? 0) > 0, 'what came too fast was passed over, and counted');
  // 20 turns of 60 ms, a frame before them, and room for a machine that does other things.
  assert.ok(mostLagMs > 0 && mostLagMs < 30_000, `${mostLagMs} ms`);
  assert.ok(mostBytes < 20 * 3 * groupBytes, `${mostBytes} bytes wait of ${groupBytes} a group`);
  assert.equal(counters.workers.started, 1);
  for (const { results, watch } of cameras) {
    assert.ok(watch.status.lagMs !== undefined);
    const numbers = results.map(numberIn);
    assert.ok(
      numbers.every((number) => number >= 0),
      `${numbers}`,
    );
  }
  assert.ok(offers > 0);
});
