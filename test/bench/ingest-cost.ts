/**
 * Ingest cost: N publishers push the same clip in real time over RTMP into Framelog (checksums, grouped sync, index,
 * parts: everything on) and into its peers, one after the other on the same disk. Prints CPU seconds per GB, peak
 * memory and the ratio to Framelog.
 *
 *   node test/bench/ingest-cost.ts [publishers=40] [seconds=60] [kbps=4000] [peers=framelog,nginx-flv,nginx-hls,nms]
 *
 * Needs ffmpeg, and for the peers Debian's nginx and libnginx-mod-rtmp.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finished } from '../e2e/support/media.ts';
import { spawnFramelog } from '../e2e/support/server.ts';
import { type Peer, startFramelog, startNginxRtmp, startNodeMediaServer } from './support/peers.ts';
import { cpuSecondsOf, residentBytesOf } from './support/process-cost.ts';

const publishers = Number(process.argv[2] ?? 40);
const seconds = Number(process.argv[3] ?? 60);
const kbps = Number(process.argv[4] ?? 4000);
const wanted = (process.argv[5] ?? 'framelog,nginx-flv,nginx-hls,nms').split(',');

const STARTERS: Readonly<Record<string, (folder: string) => Promise<Peer>>> = {
  framelog: (folder) => startFramelog(folder),
  'nginx-flv': (folder) => startNginxRtmp(folder, false),
  'nginx-hls': (folder) => startNginxRtmp(folder, true),
  nms: (folder) => startNodeMediaServer(folder),
};

interface Cost {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly cpuSecondsPerGb: number;
  readonly peakMiB: number;
}

/** A 10 s constant-bitrate clip with 2 s GOPs, B-frames and AAC, as libraries.md describes. */
function makeClip(folder: string): string {
  const file = join(folder, 'clip.mp4');
  const rate = `${kbps - 128}k`;
  execFileSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=1280x720:r=30',
    '-f',
    'lavfi',
    '-i',
    'sine=r=48000',
    '-t',
    '10',
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-b:v',
    rate,
    '-minrate',
    rate,
    '-maxrate',
    rate,
    '-bufsize',
    rate,
    '-x264-params',
    'nal-hrd=cbr',
    '-bf',
    '2',
    '-g',
    '60',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
    file,
  ]);
  return file;
}

async function measure(
  start: (folder: string) => Promise<Peer>,
  folder: string,
  clip: string,
): Promise<Cost> {
  const peer = await start(folder);
  const url = `${peer.publishBase}/cam{n}`;
  const pusher = spawnFramelog(['push', clip, url, '--loop', '--count', String(publishers)]);
  const pusherEnd = finished(pusher).catch((error: unknown) => error);
  // Connections and the first GOPs are not what is measured.
  await delay(5000);
  const startCpu = cpuSecondsOf(peer.pid);
  const startedMs = performance.now();
  await Promise.race([delay(seconds * 1000), pusherEnd]);
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  if (pusher.exitCode !== null) throw new Error(`the publishers ended early against ${peer.name}`);
  const cpuSeconds = cpuSecondsOf(peer.pid) - startCpu;
  const { peakBytes } = residentBytesOf(peer.pid);
  pusher.kill('SIGTERM');
  await pusherEnd;
  await peer.stop();
  const clipBytesPerSecond = statSync(clip).size / 10;
  const gigabytes = (publishers * clipBytesPerSecond * elapsedSeconds) / 1e9;
  return {
    name: peer.name,
    cpuSeconds,
    cpuSecondsPerGb: cpuSeconds / gigabytes,
    peakMiB: peakBytes / 1048576,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'framelog-bench-'));
try {
  const clip = makeClip(folder);
  const rows: Cost[] = [];
  for (const name of wanted) {
    const start = STARTERS[name];
    if (start === undefined) throw new Error(`no such peer: ${name}`);
    const home = mkdtempSync(join(folder, `${name}-`));
    rows.push(await measure(start, home, clip));
    rmSync(home, { recursive: true, force: true });
  }
  const own = rows.find((row) => row.name === 'framelog')?.cpuSecondsPerGb;
  console.log(`${publishers} publishers, ${kbps} kbps each, ${seconds} s`);
  console.log('| server | CPU s | CPU s per GB | peak MiB | cost against Framelog |\n|---|---|---|---|---|');
  for (const row of rows) {
    const ratio = own === undefined ? '' : `${(row.cpuSecondsPerGb / own).toFixed(2)}x`;
    console.log(
      `| ${row.name} | ${row.cpuSeconds.toFixed(1)} | ${row.cpuSecondsPerGb.toFixed(2)} | ${row.peakMiB.toFixed(0)} | ${ratio} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
