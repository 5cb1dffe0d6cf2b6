import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clipPath, finished, probePackets, pushWithFfmpeg } from './support/media.ts';
import { spawnFramelog, startServerProcess } from './support/server.ts';
import { until } from './support/until.ts';

const CLIP = clipPath('parking-360p-h264.mp4');

test('SIGTERM tells the publisher, finishes and syncs the fragment, and exits 0', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-contract-'));
  try {
    const server = await startServerProcess({ dataDir });
    assert.equal((await fetch(`${server.httpUrl}/readyz`)).status, 200);
    assert.equal(server.listening.pid, server.pid);
    const pusher = pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam`, { loop: true });
    const pushEnded = finished(pusher).catch((error: unknown) => error);
    await until('a stored fragment', async () => {
      const answer = await fetch(`${server.httpUrl}/api/streams/cam/fragments`);
      const body = (await answer.json()) as { fragments?: unknown[] };
      return (body.fragments?.length ?? 0) >= 2;
    });
    assert.equal(await server.stop(), 0, server.stderr());
    await pushEnded;
    const folder = join(dataDir, 'streams', 'cam');
    const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.mp4'));
    const packets = await probePackets(join(folder, file));
    assert.ok(packets.length > 100, 'the file left behind plays');
    await finished(spawnFramelog(['verify', dataDir]));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('without --open, publishing, viewing and REST need a key', async () => {
  const env = {
    FRAMELOG_ACCESS_KEY_ID: 'AKIAFRAMELOGTEST0001',
    FRAMELOG_SECRET_ACCESS_KEY: 's3cret-of-the-test-0123456789abcdef',
  };
  const server = await startServerProcess({ open: false, env });
  try {
    const keyFile = join(server.dataDir, 'admin-key.json');
    assert.ok(existsSync(keyFile));
    assert.equal(statSync(keyFile).mode & 0o777, 0o600);
    assert.ok(readFileSync(keyFile, 'utf8').includes(env.FRAMELOG_ACCESS_KEY_ID));

    const refused = await finished(pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam`)).catch(
      (error: Error) => error,
    );
    assert.ok(refused instanceof Error, 'a publisher without a key is refused');
    assert.equal((await fetch(`${server.httpUrl}/api/streams`)).status, 401);

    const pusher = pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam?key=${env.FRAMELOG_SECRET_ACCESS_KEY}`, {
      loop: true,
    });
    const pushEnded = finished(pusher).catch((error: unknown) => error);
    const bearer = { headers: { authorization: `Bearer ${env.FRAMELOG_SECRET_ACCESS_KEY}` } };
    await until('the stream to be listed', async () => {
      const answer = await fetch(`${server.httpUrl}/api/streams/cam`, bearer);
      return answer.ok;
    });
    const withoutToken = await fetch(`${server.httpUrl}/play/cam/live.m3u8`);
    assert.equal(withoutToken.status, 401);
    pusher.kill('SIGTERM');
    await pushEnded;
    assert.ok(!server.stderr().includes(env.FRAMELOG_SECRET_ACCESS_KEY), 'no secret in the log');
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

test('a key made beside the running server publishes; revoked, it ends its publication', async () => {
  const server = await startServerProcess({ open: false });
  try {
    const keys = async (...args: string[]): Promise<string> => {
      const child = spawnFramelog(['keys', ...args, '--data', server.dataDir, '--json']);
      let output = '';
      child.stdout?.on('data', (data: Buffer) => {
        output += data.toString();
      });
      await finished(child);
      return output;
    };
    const key = JSON.parse(await keys('create', '--name', 'door', '--publish', 'cam', '--view', 'cam')) as {
      id: string;
      secret: string;
    };
    const pusher = pushWithFfmpeg(CLIP, `${server.rtmpUrl}/live/cam?key=${key.secret}`, { loop: true });
    const pushEnded = finished(pusher).catch((error: unknown) => error);
    const bearer = { headers: { authorization: `Bearer ${key.secret}` } };
    await until('the publication', async () => {
      const answer = await fetch(`${server.httpUrl}/api/streams/cam/live`, bearer);
      return answer.ok && ((await answer.json()) as { isLive: boolean }).isLive;
    });
    await keys('revoke', key.id);
    assert.ok((await pushEnded) instanceof Error, 'the publisher is told and hung up on');
    assert.equal((await fetch(`${server.httpUrl}/api/streams/cam/live`, bearer)).status, 401);
  } finally {
    assert.equal(await server.stop(), 0);
  }
});

test('--open beyond loopback is refused with a reason', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-contract-'));
  try {
    const child = spawnFramelog([
      'serve',
      '--open',
      '--http',
      '0.0.0.0:0',
      '--rtmp',
      '127.0.0.1:0',
      '--data',
      dataDir,
    ]);
    const outcome = await finished(child).catch((error: Error) => error);
    assert.ok(outcome instanceof Error);
    assert.match(outcome.message, /loopback/);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
