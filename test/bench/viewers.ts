/**
 * What viewers cost: requests and megabytes per CPU second of our server, beside nginx serving the same bytes as static
 * files, in interleaved runs.
 *
 *   node test/bench/viewers.ts [seconds per run=3] [rounds=5]
 *
 * Needs nginx and wrk. `hot`: bytes in the live window; `cold`: bytes in the log's files (in the page cache, as nginx's are).
 * There are no cold parts, parts live in memory only; the row is small fragments of the same size.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../e2e/support/until.ts';
import { cpuSecondsOf } from './support/process-cost.ts';
import type { ViewerUrls } from './viewer-server.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 5);

/** Chooses at random from a list of paths. */
const LUA = `local paths = {}
for line in io.lines(os.getenv('PATHS')) do paths[#paths + 1] = line end
math.randomseed(os.time())
request = function() return wrk.format('GET', paths[math.random(#paths)]) end
done = function(summary)
  io.write(string.format('RESULT %d %d %d\\n', summary.requests, summary.bytes,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
`;

interface Measured {
  readonly megabytesPerCpuSecond: number;
  readonly requestsPerCpuSecond: number;
}

const folder = mkdtempSync(join(tmpdir(), 'framelog-viewers-'));
chmodSync(folder, 0o755);
const program = fileURLToPath(new URL('viewer-server.ts', import.meta.url));
const ours = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const urls = await firstLine();
  const nginx = await startNginx(urls);
  try {
    await measureAll(urls, nginx);
  } finally {
    nginx.stop();
  }
} finally {
  ours.stdin.end();
  if (ours.exitCode === null) await once(ours, 'exit');
  rmSync(folder, { recursive: true });
}

async function firstLine(): Promise<ViewerUrls> {
  let text = '';
  for await (const piece of ours.stdout) {
    text += piece;
    const end = text.indexOf('\n');
    if (end >= 0) return JSON.parse(text.slice(0, end));
  }
  throw new Error('the server did not start');
}

/** Serves what our server serves, copied to files under the same paths. */
async function startNginx(urls: ViewerUrls) {
  const root = join(folder, 'www');
  for (const path of [...urls.hotSegments, ...urls.coldSegments, ...urls.hotParts, ...urls.coldParts]) {
    const answer = await fetch(`http://127.0.0.1:${urls.port}${path}`);
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}`);
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  }
  const port = urls.port + 1;
  const pidFile = join(folder, 'nginx.pid');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `user root; worker_processes 1; daemon off; pid ${pidFile}; error_log ${folder}/error.log error;
     events { worker_connections 1024; }
     http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
       open_file_cache max=10000; types { video/mp4 m4s; }
       server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  const child = spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: 'ignore',
  });
  const worker = await until('nginx worker', () => {
    const master = Number(readFileSync(pidFile, 'utf8'));
    const [first] = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
    return first ? Number(first) : undefined;
  });
  return { port, pid: worker, stop: () => child.kill('SIGTERM') };
}

async function measureAll(urls: ViewerUrls, nginx: { port: number; pid: number }): Promise<void> {
  const ourPid = ours.pid ?? 0;
  console.log('| case | nginx MB (req) per CPU-s | Framelog MB (req) per CPU-s | ratio |\n|---|---|---|---|');
  for (const [name, paths] of [
    ['500 KB segment, hot', urls.hotSegments],
    ['500 KB segment, cold', urls.coldSegments],
    ['20 KB part, hot', urls.hotParts],
    ['20 KB fragment, cold', urls.coldParts],
  ] as const) {
    const list = join(folder, 'paths');
    writeFileSync(list, `${paths.join('\n')}\n`);
    const nginxRuns: Measured[] = [];
    const ourRuns: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      nginxRuns.push(measure(nginx.port, nginx.pid, list));
      ourRuns.push(measure(urls.port, ourPid, list));
    }
    const [theirs, own] = [median(nginxRuns), median(ourRuns)];
    const ratio = own.megabytesPerCpuSecond / theirs.megabytesPerCpuSecond;
    console.log(`| ${name} | ${cell(theirs)} | ${cell(own)} | ${ratio.toFixed(2)} |`);
  }
}

function measure(port: number, pid: number, list: string): Measured {
  const script = join(folder, 'random.lua');
  writeFileSync(script, LUA);
  const before = cpuSecondsOf(pid);
  const args = ['-t1', '-c16', `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}`];
  const output = execFileSync('wrk', args, { encoding: 'utf8', env: { ...process.env, PATHS: list } });
  const cpuSeconds = cpuSecondsOf(pid) - before;
  const [, requests, bytes, errors] = /RESULT (\d+) (\d+) (\d+)/.exec(output) ?? [];
  if (errors !== '0') throw new Error(`wrk saw errors:\n${output}`);
  return {
    megabytesPerCpuSecond: Number(bytes) / 1e6 / cpuSeconds,
    requestsPerCpuSecond: Number(requests) / cpuSeconds,
  };
}

function median(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.megabytesPerCpuSecond - b.megabytesPerCpuSecond);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new Error('no runs');
  return middle;
}

function cell(measured: Measured): string {
  return `${measured.megabytesPerCpuSecond.toFixed(0)} (${measured.requestsPerCpuSecond.toFixed(0)})`;
}
