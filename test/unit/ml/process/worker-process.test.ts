import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { ProcessError, type ProcessErrorCode, WorkerProcess } from '../../../../ml/process/worker-process.ts';

/** Deadlines, memory and crashes under load are tested with those who use it: decoder-pool.test.ts, worker-supervisor.test.ts. */

const folder = mkdtempSync(join(tmpdir(), 'framelog-process-'));
after(() => rmSync(folder, { recursive: true }));

const SERVE = new URL('../../../../ml/process/serve-requests.ts', import.meta.url).href;
const ECHO = join(folder, 'echo.mjs');
writeFileSync(
  ECHO,
  `import { serveRequests } from ${JSON.stringify(SERVE)};
serveRequests(async (request) => {
  if (request === 'throw') throw new Error('as the test wants it');
  if (request === 'wait') await new Promise(() => setInterval(() => {}, 1000));
  return { request, cwd: process.cwd(), args: process.argv.slice(2) };
});`,
);
/** Does not end when it is asked to. */
const STUBBORN = join(folder, 'stubborn.mjs');
writeFileSync(
  STUBBORN,
  `setInterval(() => {}, 1000);
process.on('message', ({ id, request }) => process.send({ id, reply: request, rssBytes: 7 }));`,
);

function processOf(t: TestContext, entry = ECHO) {
  const made = new WorkerProcess<unknown, unknown>({
    title: 'the test process',
    entry,
    args: ['a', 'b'],
    maxRssBytes: 1 << 30,
  });
  t.after(() => made.kill());
  return made;
}

const fails = (code: ProcessErrorCode, message: RegExp, promise: Promise<unknown>) =>
  assert.rejects(
    promise,
    (error) => error instanceof ProcessError && error.code === code && message.test(error.message),
  );

test('one request after the other, with bytes as they are', async (t) => {
  const worker = processOf(t);
  const request = { bytes: new Uint8Array([1, 2, 3]).subarray(1) };
  assert.deepEqual(await worker.run(request, 30_000), {
    request: { bytes: new Uint8Array([2, 3]) },
    cwd: tmpdir(),
    args: ['a', 'b'],
  });
  assert.ok(worker.rssBytes > 1 << 20);
  await worker.run(1, 30_000);
  worker.stop();
  assert.deepEqual(await worker.gone, { wasBusy: false });
  await fails('crashed', /no more/, worker.run(1, 30_000));
});

test('what its work throws ends it, and its last words are told', async (t) => {
  const worker = processOf(t);
  await fails(
    'crashed',
    /the test process ended with 1: [\s\S]*as the test wants it/,
    worker.run('throw', 30_000),
  );
  assert.deepEqual(await worker.gone, { wasBusy: true });
});

test('killed in the middle of a request', async (t) => {
  const worker = processOf(t);
  const waiting = fails('closed', /closing/, worker.run('wait', 30_000));
  worker.kill();
  await waiting;
  assert.ok(worker.isGone);
});

test('one that does not end when it is asked to is killed', async (t) => {
  const worker = processOf(t, STUBBORN);
  assert.equal(await worker.run('x', 30_000), 'x');
  assert.equal(worker.rssBytes, 7);
  worker.stop(50);
  assert.deepEqual(await worker.gone, { wasBusy: false });
});

test('a program that is not there', async (t) => {
  const worker = processOf(t, join(folder, 'nothing.mjs'));
  await fails('crashed', /MODULE_NOT_FOUND/, worker.run(1, 30_000));
});

test('a signal to the whole group, as Ctrl-C sends it, leaves workers to who started them', async (t) => {
  const worker = processOf(t);
  await worker.run('up', 30_000);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.kill(worker.pid ?? 0, signal);
    assert.deepEqual(((await worker.run(signal, 30_000)) as { request: unknown }).request, signal);
  }
  worker.stop();
  assert.deepEqual(await worker.gone, { wasBusy: false });
});
