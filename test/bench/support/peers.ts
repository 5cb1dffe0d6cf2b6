import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServerProcess } from '../../e2e/support/server.ts';
import { until } from '../../e2e/support/until.ts';

/** A server under measurement: Framelog or one of its peers, all on the same disk. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  /** `rtmp://127.0.0.1:PORT/live`. */
  readonly publishBase: string;
  stop(): Promise<void>;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Framelog with everything on: checksums, grouped sync, index, parts. */
export async function startFramelog(folder: string, args: readonly string[] = []): Promise<Peer> {
  const server = await startServerProcess({ dataDir: join(folder, 'framelog'), args });
  return {
    name: 'framelog',
    pid: server.pid,
    publishBase: `${server.rtmpUrl}/live`,
    async stop() {
      const code = await server.stop();
      if (code !== 0) throw new Error(`framelog exited with ${code}:\n${server.stderr()}`);
    },
  };
}

/** nginx with the RTMP module (Debian: nginx, libnginx-mod-rtmp), one worker, recording FLV and perhaps writing HLS. */
export async function startNginxRtmp(folder: string, hls: boolean): Promise<Peer> {
  const port = await freePort();
  const home = join(folder, hls ? 'nginx-hls' : 'nginx-flv');
  for (const name of ['record', 'hls', 'logs']) {
    mkdirSync(join(home, name), { recursive: true });
    chmodSync(join(home, name), 0o777);
  }
  const hlsLines = hls ? `hls on; hls_path ${home}/hls; hls_fragment 2s; hls_cleanup off;` : '';
  writeFileSync(
    join(home, 'nginx.conf'),
    `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
     user root; worker_processes 1; daemon off; pid ${home}/nginx.pid; error_log ${home}/logs/error.log error;
     events { worker_connections 4096; }
     rtmp { access_log off; server { listen 127.0.0.1:${port}; chunk_size 60000;
       application live { live on; record all; record_path ${home}/record; ${hlsLines} } } }`,
  );
  const child = spawn('nginx', ['-c', join(home, 'nginx.conf'), '-p', home], { stdio: 'ignore' });
  const master = await until('nginx pid file', () => {
    const text = readFileSync(join(home, 'nginx.pid'), 'utf8').trim();
    return text === '' ? undefined : Number(text);
  });
  const worker = await until('nginx worker', () => {
    const [first] = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
    return first ? Number(first) : undefined;
  });
  return {
    name: hls ? 'nginx-rtmp FLV + HLS' : 'nginx-rtmp FLV',
    pid: worker,
    publishBase: `rtmp://127.0.0.1:${port}/live`,
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}

/** node-media-server recording FLV. */
export async function startNodeMediaServer(folder: string): Promise<Peer> {
  const [rtmpPort, httpPort] = [await freePort(), await freePort()];
  const home = join(folder, 'nms');
  mkdirSync(home, { recursive: true });
  const config = {
    bind: '127.0.0.1',
    notify: { url: '' },
    store: { path: join(home, 'data'), maxHistory: 100 },
    auth: {
      play: false,
      publish: false,
      secret: '',
      jwt: { secret: 'bench-only', expiresIn: '24h', refreshExpiresIn: '7d', algorithm: 'HS256', users: [] },
    },
    rtmp: { port: rtmpPort },
    http: { port: httpPort },
    webadmin: { enable: false },
    record: { auto: true, path: join(home, 'record') },
  };
  writeFileSync(join(home, 'config.json'), JSON.stringify(config));
  const program = fileURLToPath(
    new URL('../../../node_modules/node-media-server/bin/app.js', import.meta.url),
  );
  const child = spawn(process.execPath, [program, '-c', join(home, 'config.json')], {
    stdio: 'ignore',
    cwd: home,
  });
  if (child.pid === undefined) throw new Error('node-media-server did not start');
  await until('node-media-server to listen', async () => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/`);
    return answer.status > 0;
  });
  return {
    name: 'node-media-server FLV',
    pid: child.pid,
    publishBase: `rtmp://127.0.0.1:${rtmpPort}/live`,
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
    },
  };
}
