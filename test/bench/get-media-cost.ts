/**
 * What sending media costs: MB per CPU second of GetMedia over a recorded stream and of GetMediaForFragmentList, beside a
 * minimal Node program that copies the same bytes from a file to a TCP socket. Runs take turns; medians.
 *
 *   node test/bench/get-media-cost.ts [clip=../shared/media/parking-720p-h264.mp4] [loops=100] [runs=5] [passes=5]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { request as startRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { publishFile } from '../../server/ingest/rtmp/file-publisher.ts';
import { type ServerProcess, startServerProcess } from '../e2e/support/server.ts';
import { until } from '../e2e/support/until.ts';
import { cpuSecondsOf } from './support/process-cost.ts';

const clip = process.argv[2] ?? '../shared/media/parking-720p-h264.mp4';
const loops = Number(process.argv[3] ?? 100);
const runs = Number(process.argv[4] ?? 5);
const passes = Number(process.argv[5] ?? 5);

const MAX_LISTED = 1000;

const COPIER = `
const { createServer } = require('node:net');
const { createReadStream } = require('node:fs');
const server = createServer((socket) => createReadStream(process.argv[1], { highWaterMark: 262144 }).pipe(socket));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

async function post(server: ServerProcess, operation: string, body: object): Promise<Readable> {
  const request = startRequest(`${server.httpUrl}/${operation}`, { method: 'POST' });
  request.end(JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [Readable & { statusCode: number }];
  if (response.statusCode !== 200) throw new Error(`${operation} answered ${response.statusCode}`);
  return response;
}

/** Reads this many bytes, or to the end; answers how many came. */
async function drain(body: Readable, sizeBytes = Number.POSITIVE_INFINITY): Promise<number> {
  let readBytes = 0;
  for await (const piece of body) {
    readBytes += (piece as Buffer).length;
    if (readBytes >= sizeBytes) break;
  }
  body.destroy();
  return readBytes;
}

const getMedia = (server: ServerProcess) =>
  post(server, 'getMedia', { StreamName: 'gate', StartSelector: { StartSelectorType: 'EARLIEST' } });

/** All numbers of the stream, as long as they may be asked for at once. */
async function listNumbers(server: ServerProcess): Promise<string[]> {
  const now = Date.now() / 1000;
  const body = await post(server, 'listFragments', {
    StreamName: 'gate',
    MaxResults: MAX_LISTED,
    FragmentSelector: {
      FragmentSelectorType: 'SERVER_TIMESTAMP',
      TimestampRange: { StartTimestamp: now - 3600, EndTimestamp: now + 3600 },
    },
  });
  let text = '';
  for await (const piece of body) text += String(piece);
  const { Fragments } = JSON.parse(text) as { Fragments: { FragmentNumber: string }[] };
  return Fragments.map(({ FragmentNumber }) => FragmentNumber);
}

/** Writes what GetMedia sends of the recorded stream to a file; it is over when the last fragment's token came. */
async function save(server: ServerProcess, file: string, lastNumber: string): Promise<number> {
  const handle = await open(file, 'w');
  const end = `AWS_KINESISVIDEO_CONTINUATION_TOKEN`;
  let sizeBytes = 0;
  let tail = '';
  for await (const piece of await getMedia(server)) {
    await handle.write(piece as Buffer);
    sizeBytes += (piece as Buffer).length;
    tail = (tail + (piece as Buffer).toString('latin1')).slice(-200);
    if (tail.includes(end) && tail.endsWith(lastNumber)) break;
  }
  await handle.close();
  return sizeBytes;
}

async function rateOf(pid: number, pass: () => Promise<number>): Promise<number> {
  const before = cpuSecondsOf(pid);
  let sentBytes = 0;
  for (let i = 0; i < passes; i++) sentBytes += await pass();
  return sentBytes / 1e6 / (cpuSecondsOf(pid) - before);
}

function median(values: number[]): number {
  values.sort((left, right) => left - right);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'framelog-bench-'));
const server = await startServerProcess();
let copier: ChildProcess | undefined;
try {
  await publishFile(clip, `${server.rtmpUrl}/live/gate`, { loops, speed: Number.POSITIVE_INFINITY });
  const numbers = await until('all fragments', async () => {
    const listed = await listNumbers(server);
    return listed.length >= Math.min(MAX_LISTED, loops * 5) && listed;
  });
  // GetMedia is measured over what is listed at most.
  const file = join(folder, 'media.mkv');
  const sizeBytes = await save(server, file, numbers.at(-1) ?? '');
  copier = spawn(process.execPath, ['-e', COPIER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(copier.stdout as Readable, 'data')) as [Buffer];
  const copierPid = copier.pid ?? 0;
  const copierPort = Number(line.toString());

  const cases = {
    'minimal Node program: file to socket': () =>
      rateOf(copierPid, () => drain(connect(copierPort, '127.0.0.1'))),
    'GetMedia, from the log': () => rateOf(server.pid, async () => drain(await getMedia(server), sizeBytes)),
    GetMediaForFragmentList: () =>
      rateOf(server.pid, async () =>
        drain(await post(server, 'getMediaForFragmentList', { StreamName: 'gate', Fragments: numbers })),
      ),
  };
  const rates = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (const measure of Object.values(cases)) await measure();
  for (let run = 0; run < runs; run++) {
    for (const [name, measure] of Object.entries(cases)) rates.get(name)?.push(await measure());
  }
  console.log(
    `${numbers.length} fragments, ${(sizeBytes / 1e6).toFixed(0)} MB, ${passes} passes a run, median of ${runs} runs`,
  );
  console.log('| what | MB per CPU-s | ratio |\n|---|---|---|');
  const base = median(rates.get('minimal Node program: file to socket') ?? []);
  for (const [name, values] of rates) {
    console.log(`| ${name} | ${median(values).toFixed(0)} | ${(median(values) / base).toFixed(2)} |`);
  }
} finally {
  copier?.kill();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
