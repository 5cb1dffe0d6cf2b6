/**
 * What PutMedia costs: megabytes a CPU second of the server (signature, Matroska, parts, checksums, index, sync: everything on),
 * beside a minimal Node program that writes the same bytes from a TCP socket to a file, in the same run.
 *
 *   node test/bench/put-media-cost.ts [megabytes=1000] [streams=4] [rounds=3]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from '../e2e/support/server.ts';
import { cluster, type DialogueFrame, dialogueHead } from '../fixtures/put-media/dialogues.ts';
import { putMedia } from '../integration/aws/support/put-media-client.ts';
import { cpuSecondsOf } from './support/process-cost.ts';

const megabytes = Number(process.argv[2] ?? 1000);
const streams = Number(process.argv[3] ?? 4);
const rounds = Number(process.argv[4] ?? 3);

/** 2 s at about 4 Mbit/s: 60 frames of video, 94 of audio. */
function body(timecodeMs: number): Buffer {
  const frames: DialogueFrame[] = [];
  const add = (track: number, relativeMs: number, sizeBytes: number, isKey: boolean) => {
    const data = Buffer.alloc(sizeBytes, relativeMs & 255);
    data.writeUInt32BE(sizeBytes - 4, 0);
    data[4] = 0x41;
    frames.push({ track, relativeMs, isKey, data });
  };
  for (let at = 0; at < 60; at++) add(1, Math.round((at * 1000) / 30), at === 0 ? 120_000 : 14_000, at === 0);
  for (let at = 0; at < 94; at++) add(2, Math.round(at * 21.333), 340, true);
  frames.sort((a, b) => a.relativeMs - b.relativeMs);
  return cluster({ timecodeMs, frames });
}

const fragmentBytes = body(0).length;
const fragments = Math.max(1, Math.round((megabytes * 1e6) / streams / fragmentBytes));
const sentMegabytes = (fragments * streams * fragmentBytes) / 1e6;

async function throughPutMedia(): Promise<number> {
  const server = await startServerProcess();
  try {
    const before = cpuSecondsOf(server.pid);
    await Promise.all(
      Array.from({ length: streams }, async (_, at) => {
        const call = putMedia({ endpoint: server.httpUrl, stream: `cam${at}` });
        await call.write(dialogueHead());
        for (let number = 0; number < fragments; number++) await call.write(body(number * 2000));
        call.end();
        const acks = await call.over;
        const persisted = acks.filter(({ EventType }) => EventType === 'PERSISTED').length;
        if (persisted !== fragments) throw new Error(`${persisted} of ${fragments} fragments were persisted`);
      }),
    );
    return cpuSecondsOf(server.pid) - before;
  } finally {
    await server.stop();
  }
}

/** Each connection to a file of its own, with back-pressure; says its port on stdout, and `done` for each that ended. */
const COPIER = `
const { createServer } = require('node:net');
const { createWriteStream } = require('node:fs');
const { pipeline } = require('node:stream');
let files = 0;
const server = createServer((socket) => {
  pipeline(socket, createWriteStream(process.argv[1] + '/' + files++), (error) => {
    if (error) throw error;
    console.log('done');
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

async function throughRawCopy(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-raw-copy-'));
  const child = spawn(process.execPath, ['-e', COPIER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(first.toString());
    const { pid = 0 } = child;
    let done = 0;
    const allDone = new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        done += text.toString().split('done').length - 1;
        if (done >= streams) resolve();
      });
    });
    const before = cpuSecondsOf(pid);
    await Promise.all(
      Array.from({ length: streams }, async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        for (let number = 0; number < fragments; number++) {
          if (!socket.write(body(number * 2000))) await once(socket, 'drain');
        }
        socket.end();
      }),
    );
    await allDone;
    return cpuSecondsOf(pid) - before;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(
  `${streams} connections, ${sentMegabytes.toFixed(0)} MB each round, fragments of 2 s at 4 Mbit/s`,
);
console.log(
  '| round | PutMedia MB/CPU s | raw copy MB/CPU s | PutMedia against the copy |\n|---|---|---|---|',
);
for (let round = 1; round <= rounds; round++) {
  const own = sentMegabytes / (await throughPutMedia());
  const raw = sentMegabytes / (await throughRawCopy());
  console.log(`| ${round} | ${own.toFixed(0)} | ${raw.toFixed(0)} | ${(own / raw).toFixed(2)} |`);
}
