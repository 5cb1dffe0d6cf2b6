import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type PutMediaAck, type PutMediaOptions, putMedia } from '../../../client/put-media/index.ts';
import type { Sample } from '../../../fragments/media/track.ts';
import { clipPath } from '../../e2e/support/media.ts';
import { startServerProcess } from '../../e2e/support/server.ts';
import { readMedia } from '../../unit/fragments/cmaf/support.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';

/** Framelog's own PutMedia client against the whole server. */

const CLIP = 'person-360p-h264.mp4';
const START_MS = 1_750_000_000_000;

function options(server: AwsTestServer, more: Partial<PutMediaOptions> = {}): PutMediaOptions {
  return {
    controlEndpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId: server.admin.id, secretAccessKey: server.admin.secret },
    streamName: 'door',
    source: clipPath(CLIP),
    startTime: new Date(START_MS),
    fragmentMs: 1000,
    ...more,
  };
}

async function persistedTimes(upload: AsyncIterable<PutMediaAck>): Promise<number[]> {
  const times: number[] = [];
  for await (const ack of upload) if (ack.eventType === 'PERSISTED') times.push(ack.fragmentTimecodeMs);
  return times;
}

interface StoredSample {
  readonly trackId: number;
  readonly ptsMs: number;
  readonly md5: string;
}

/** All samples in the log files of a stream, in order. */
async function storedSamples(dataDir: string, stream: string): Promise<StoredSample[]> {
  const folder = join(dataDir, 'streams', stream);
  const stored: StoredSample[] = [];
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.mp4')) stored.push(...(await samplesOf(join(folder, file))));
  }
  return stored;
}

async function samplesOf(file: string): Promise<StoredSample[]> {
  const { tracks, samples } = await readMedia(file);
  return samples.map(({ trackId, dtsTicks, compositionOffsetTicks, data }) => {
    const timescale = tracks.find(({ id }) => id === trackId)?.timescale ?? Number.NaN;
    const ptsMs = Math.round(((dtsTicks + compositionOffsetTicks) * 1000) / timescale);
    return { trackId, ptsMs, md5: hash('md5', data) };
  });
}

const byTrackAndTime = (a: StoredSample, b: StoredSample): number =>
  a.trackId - b.trackId || a.ptsMs - b.ptsMs;

/** Times from the first sample on: the log file begins where its own media begin. */
function relative(samples: readonly StoredSample[]): StoredSample[] {
  const firstMs = Math.min(...samples.map(({ ptsMs }) => ptsMs));
  return samples.map((sample) => ({ ...sample, ptsMs: sample.ptsMs - firstMs })).toSorted(byTrackAndTime);
}

test('a clip is stored sample by sample', async (t) => {
  const server = await startAwsServer(t, { streams: { autoCreate: true } });
  const key = server.addKey([{ action: 'publish', stream: 'door' }]);
  const credentials = async () => ({ accessKeyId: key.id, secretAccessKey: key.secret });
  const createStream = { retentionHours: 24 };
  const times = await persistedTimes(putMedia(options(server, { credentials, createStream })));
  assert.equal(times[0], START_MS);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  const stored = relative(await storedSamples(server.dataDir, 'door'));
  const sent = relative(await samplesOf(clipPath(CLIP)));
  assert.deepEqual(
    stored.map(({ md5 }) => md5),
    sent.map(({ md5 }) => md5),
  );
  for (const [i, { ptsMs }] of stored.entries()) assert.ok(Math.abs(ptsMs - (sent[i]?.ptsMs ?? 0)) <= 1);
  assert.deepEqual(server.errorLines(), []);
});

test('refusals are told by their names', async (t) => {
  const server = await startAwsServer(t);
  const refused = (more: Partial<PutMediaOptions>) => persistedTimes(putMedia(options(server, more)));
  await assert.rejects(refused({}), {
    name: 'PutMediaError',
    code: 'ResourceNotFoundException',
    statusCode: 404,
  });
  const credentials = { accessKeyId: server.admin.id, secretAccessKey: 'wrong' };
  await assert.rejects(refused({ credentials }), { name: 'PutMediaError', isRetryable: false });
  await assert.rejects(refused({ endpoint: server.endpoint, credentials }), {
    name: 'PutMediaError',
    isRetryable: false,
  });
});

test('a server that is killed and comes back gets every sample', async (t) => {
  const first = await startServerProcess();
  const { dataDir } = first;
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  let server = first;
  t.after(() => server.stop());
  const { tracks, samples } = await readMedia(clipPath(CLIP));
  const isBack = Promise.withResolvers<void>();
  async function* killedBetween(): AsyncGenerator<Sample> {
    const firstPart = samples.length >> 1;
    yield* samples.slice(0, firstPart);
    await isBack.promise;
    yield* samples.slice(firstPart);
  }
  const upload = putMedia({
    controlEndpoint: first.httpUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    streamName: 'door',
    createStream: { retentionHours: 24 },
    source: { tracks, samples: killedBetween() },
    startTime: new Date(START_MS),
    fragmentMs: 1000,
    backoffMs: 20,
    maxFailures: 1000,
  });
  const times: number[] = [];
  for await (const ack of upload) {
    if (ack.eventType !== 'PERSISTED') continue;
    times.push(ack.fragmentTimecodeMs);
    if (server !== first) continue;
    first.signal('SIGKILL');
    await first.exited;
    server = await startServerProcess({
      dataDir,
      args: ['--http', `127.0.0.1:${first.listening.http.port}`],
    });
    isBack.resolve();
  }
  await server.stop();
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  // What was persisted, and not acknowledged before the kill, is there twice.
  const stored = new Set((await storedSamples(dataDir, 'door')).map(({ md5 }) => md5));
  for (const { data } of samples) assert.ok(stored.has(hash('md5', data)));
});

test('the sample pushes a file', async (t) => {
  const server = await startAwsServer(t);
  const sample = fileURLToPath(new URL('../../../samples/put-media.ts', import.meta.url));
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: server.admin.id,
    AWS_SECRET_ACCESS_KEY: server.admin.secret,
  };
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [sample, ...args], { env });
  const { stdout } = await run(
    '--endpoint',
    server.endpoint,
    '--create',
    '1',
    '--tag',
    'place=door',
    'door',
    clipPath(CLIP),
  );
  assert.match(stdout, /"eventType":"PERSISTED"[\s\S]*\d+ fragments, \d+ bytes, 1 sessions\n$/);
  assert.match((await run('--help')).stdout, /^Usage: /);
  await assert.rejects(run('--endpoint', server.endpoint, 'nowhere', clipPath(CLIP)), {
    code: 1,
    stderr: /ResourceNotFoundException/,
  });
});
