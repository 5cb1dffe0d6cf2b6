import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { DecodeError, type DecodeErrorCode, type DecodeJob } from '../../../../ml/decode/decode-job.ts';
import { DecoderPool, type DecoderPoolOptions } from '../../../../ml/decode/decoder-pool.ts';
import { until } from '../../../e2e/support/until.ts';
import { clip, jobOf } from './jobs.ts';

/** Real processes; where a decoder must misbehave, a small program in its place. */

const folder = mkdtempSync(join(tmpdir(), 'framelog-decoders-'));
after(() => rmSync(folder, { recursive: true }));

/** The product's own. */
const DECODER = join(import.meta.dirname, '../../../../ml/decode/decode-worker.ts');
/** Does what the job's codec string says. */
const PUPPET = join(folder, 'puppet.mjs');
writeFileSync(
  PUPPET,
  `const held = [];
process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, request: job }) => {
  const reply = ({ rssBytes = 1, ...reply } = { pictures: [] }) => process.send({ id, rssBytes, reply });
  const acts = {
    answer: () => reply(),
    die: () => process.kill(process.pid, 'SIGSEGV'),
    hang: () => { for (;;); },
    wait: () => {},
    grow: () => { for (;;) held.push(Buffer.alloc(16 << 20, 1)); },
    grown: () => reply({ rssBytes: 1e12, pictures: [] }),
    refuse: () => reply({ error: { code: 'bad-media', message: 'as the test wants it' } }),
    environment: () => reply({ error: { code: 'bad-media', message: Object.keys(process.env).join() } }),
  };
  acts[job.track.codecString]();
});
`,
);

function pool(t: TestContext, options: Partial<DecoderPoolOptions> = {}): DecoderPool {
  const made = new DecoderPool({
    decoder: 'auto',
    processes: 1,
    maxWaiting: 4,
    maxWaitMs: 60_000,
    jobTimeoutMs: 60_000,
    idleMs: 60_000,
    maxRssBytes: 700 << 20,
    recycleRssBytes: 450 << 20,
    now: () => 0,
    entry: PUPPET,
    ...options,
  });
  t.after(() => made.close());
  return made;
}

const job = (act: string) =>
  ({
    track: { codecString: act },
    samples: [],
    wantedUs: [],
    format: { type: 'jpeg' },
  }) as unknown as DecodeJob;

function fails(code: DecodeErrorCode, promise: Promise<unknown>): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof DecodeError && error.code === code);
}

test('real pictures of a real process, which ends when it is idle', async (t) => {
  const decoders = pool(t, { idleMs: 50, entry: DECODER });
  const wanted = await jobOf(clip('parking-360p-h264.mp4'), [0, 20], { type: 'jpeg' });
  const pictures = await decoders.decode('cam', wanted);
  assert.equal(pictures.length, 2);
  assert.ok(pictures.every((picture) => picture !== undefined && picture[0] === 0xff && picture[1] === 0xd8));
  await until('the idle process to end', () => decoders.processes === 0);
  assert.equal((await decoders.decode('cam', wanted)).length, 2, 'and is started again');
  assert.equal(decoders.counters.crashed, 0);
});

test('a process that is killed in the middle of a job fails that job only', async (t) => {
  const decoders = pool(t);
  const lost = fails('crashed', decoders.decode('cam', job('wait')));
  const next = decoders.decode('cam', job('answer'));
  const [pid] = decoders.pids;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await lost;
  assert.deepEqual(await next, []);
  assert.equal(decoders.counters.crashed, 1);
});

test('a decoder that hangs is ended, and one that grows without end', async (t) => {
  const slow = pool(t, { jobTimeoutMs: 300 });
  await fails('timeout', slow.decode('cam', job('hang')));
  assert.deepEqual(await slow.decode('cam', job('answer')), []);
  if (process.platform !== 'linux') return;
  const greedy = pool(t, { maxRssBytes: 300 << 20 });
  await fails('too-large', greedy.decode('cam', job('grow')));
  assert.deepEqual(await greedy.decode('cam', job('answer')), []);
});

test('the queue is bounded in length and in time', async (t) => {
  const decoders = pool(t, { maxWaiting: 2, maxWaitMs: 100, jobTimeoutMs: 60_000 });
  const running = fails('closed', decoders.decode('cam', job('wait')));
  const waiting = [1, 2].map(() => fails('busy', decoders.decode('cam', job('answer'))));
  await fails('busy', decoders.decode('cam', job('answer')));
  await Promise.all(waiting);
  assert.deepEqual(decoders.counters.failures, { busy: 3 });
  await decoders.close();
  await running;
  await fails('closed', decoders.decode('cam', job('answer')));
});

test('a source that crashes decoders three times is left alone for a while; others are served', async (t) => {
  let nowMs = 0;
  const decoders = pool(t, { now: () => nowMs });
  for (let i = 0; i < 3; i++) await fails('crashed', decoders.decode('bad', job('die')));
  await fails('quarantined', decoders.decode('bad', job('answer')));
  assert.deepEqual(await decoders.decode('good', job('answer')), []);
  nowMs += 10 * 60_000;
  assert.deepEqual(await decoders.decode('bad', job('answer')), []);
});

test('an error is no death: the process goes on', async (t) => {
  const decoders = pool(t);
  await fails('bad-media', decoders.decode('cam', job('refuse')));
  await decoders.decode('cam', job('answer'));
  assert.equal(decoders.counters.started, 1);
  assert.equal(decoders.counters.crashed, 0);
});

test('a process that has grown is replaced after its job', async (t) => {
  const decoders = pool(t);
  await decoders.decode('cam', job('grown'));
  await decoders.decode('cam', job('answer'));
  assert.equal(decoders.counters.recycled, 1);
  assert.equal(decoders.counters.started, 2);
});

test('a decoder gets no environment but PATH', async (t) => {
  process.env.FRAMELOG_TEST_SECRET = 'secret';
  t.after(() => delete process.env.FRAMELOG_TEST_SECRET);
  await assert.rejects(pool(t).decode('cam', job('environment')), (error) => {
    const names = (error as Error).message.split(',').filter((name) => !name.startsWith('NODE_CHANNEL'));
    assert.deepEqual(names, ['PATH']);
    return true;
  });
});

test('as many processes as are set work at once', async (t) => {
  const decoders = pool(t, { processes: 2 });
  const stuck = fails('closed', decoders.decode('cam', job('wait')));
  await decoders.decode('cam', job('answer'));
  assert.equal(decoders.processes, 2);
  await decoders.close();
  await stuck;
});

test('garbage to a real decoder: errors of its own, never the end of anything', async (t) => {
  const decoders = pool(t, { decoder: 'native', entry: DECODER });
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed / 2 ** 32;
  };
  for (const name of ['parking-360p-h264.mp4', 'parking-360p-h265.mp4', 'parking-360p-av1.mp4']) {
    const good = await jobOf(clip(name), [3, 9], { type: 'jpeg', width: 64 });
    for (let round = 0; round < 10; round++) {
      const samples = good.samples.slice(0, 10).map((sample) => {
        const data = Buffer.from(sample.data);
        for (let flips = 0; flips < 20; flips++)
          data[Math.floor(random() * data.length)] = Math.floor(random() * 256);
        return { ...sample, data: data.subarray(0, Math.ceil(data.length * random())) };
      });
      const outcome = await decoders.decode('cam', { ...good, samples }).catch((error: unknown) => error);
      assert.ok(
        Array.isArray(outcome) || (outcome instanceof DecodeError && outcome.code !== 'crashed'),
        `${name}: ${outcome}`,
      );
    }
    assert.ok((await decoders.decode('cam', good)).every((picture) => picture !== undefined));
  }
  assert.equal(decoders.counters.started, 1);
});
