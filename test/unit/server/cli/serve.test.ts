import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../../e2e/support/until.ts';
import { framelog } from './support/framelog.ts';
import { Serving } from './support/serving.ts';

const CLIP = fileURLToPath(new URL('../../../../samples/demo.mp4', import.meta.url));
const AS_OLD_NODE = [
  '--import',
  'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})',
];

let serving: Serving | undefined;

async function start(...args: Parameters<typeof Serving.start>): Promise<Serving> {
  serving = await Serving.start(...args);
  return serving;
}

afterEach(() => serving?.dispose());

/** The secret of the admin key, as an operator finds it. */
const adminSecret = ({ data }: Serving): string =>
  JSON.parse(readFileSync(join(data, 'admin-key.json'), 'utf8')).secretAccessKey;

describe('framelog serve', () => {
  it('tells on one line of stdout what listens where, is ready then, and ends with 0', async () => {
    const server = await start('serve');
    const { event, pid, http, rtmp, dataDir, loginUrl } = server.listening;
    assert.equal(event, 'listening');
    assert.ok(pid > 0 && http.port > 0 && rtmp.port > 0);
    assert.equal(dataDir, server.data);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    const login = await fetch(loginUrl ?? '', { redirect: 'manual' });
    assert.match(login.headers.get('set-cookie') ?? '', /HttpOnly/);
    assert.deepEqual(await server.stop(), [0, null]);
    assert.equal(server.stdout.trim().split('\n').length, 1);
    assert.ok(!server.stderr.includes(adminSecret(server)));
  });

  it('takes the signal through the launcher on an old Node too', async () => {
    const server = await start('serve', [], {}, AS_OLD_NODE);
    assert.deepEqual(await server.stop('SIGTERM'), [0, null]);
  });

  it('says loudly that it is open', async () => {
    const server = await start('serve', ['--open']);
    assert.match(server.stderr, /OPEN MODE/);
    assert.equal(server.listening.loginUrl, undefined);
    assert.equal((await fetch(`${server.url}/api/streams`)).status, 200);
    assert.deepEqual(await server.stop('SIGINT'), [0, null]);
  });

  it('does not start on a taken port, nor on a data folder in use', async () => {
    const server = await start('serve');
    const taken = await framelog([
      'serve',
      '--data',
      join(server.data, 'x'),
      '--http',
      `127.0.0.1:${server.listening.http.port}`,
    ]);
    assert.equal(taken.status, 1);
    assert.match(taken.stderr, /framelog: 127\.0\.0\.1:\d+ is in use already/);
    const same = await framelog(['serve', '--data', server.data, '--http', '0', '--rtmp', '0']);
    assert.equal(same.status, 1);
    assert.match(same.stderr, /another server is running on/);
  });

  it('takes a published file, once its key is good', async () => {
    const server = await start('serve');
    const url = `rtmp://127.0.0.1:${server.listening.rtmp.port}/live/cam-{n}`;
    const refused = await framelog(['push', CLIP, `${url}?key=wrong`]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /key=\*\*\*/);
    const pushed = await framelog([
      'push',
      CLIP,
      `${url}?key=${adminSecret(server)}`,
      '--count',
      '3',
      '--speed',
      'max',
    ]);
    assert.deepEqual([pushed.status, pushed.stderr], [0, '']);
    assert.match(pushed.stdout, /^3 published, \d+ samples, /);
    assert.deepEqual(await server.stop(), [0, null]);
    assert.deepEqual(readdirSync(join(server.data, 'streams')).sort(), ['cam-1', 'cam-2', 'cam-3']);
  });
});

describe('framelog demo', () => {
  it('runs a server with a camera that can be watched', async () => {
    const demo = await start('demo');
    const login = await fetch(demo.listening.loginUrl ?? '', { redirect: 'manual' });
    assert.ok(login.headers.has('set-cookie'));
    const authorization = `Bearer ${adminSecret(demo)}`;
    await until('two segments of the demo camera', async () => {
      const playlist = await fetch(`${demo.url}/play/demo/live.m3u8`, { headers: { authorization } });
      return ((await playlist.text()).match(/#EXTINF/g)?.length ?? 0) >= 2;
    });
    assert.deepEqual(await demo.stop('SIGINT'), [0, null]);
    assert.ok(existsSync(join(demo.data, 'streams', 'demo')));
  });
});
