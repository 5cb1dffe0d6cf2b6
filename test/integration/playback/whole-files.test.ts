import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { until } from '../../e2e/support/until.ts';
import { startAwsServer } from '../aws/support/aws-server.ts';
import { temporaryFile } from '../aws/support/mkvinfo.ts';
import { clip, pushByRtmp } from '../aws/support/rtmp-clip.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext) {
  const server = await startAwsServer(t);
  await pushByRtmp(server, 'gate', CAMERA);
  const bearer = { Authorization: `Bearer ${server.admin.secret}` };
  const api = async (path: string, init: RequestInit = {}) => {
    const headers = { ...bearer, 'content-type': 'application/json' };
    const response = await fetch(`${server.endpoint}${path}`, { ...init, headers });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  };
  // The clip came faster than it plays: its end is in the future by the producer's clock.
  const { ranges } = await until('all of the clip', async () => {
    const answer = (await api(`/api/streams/gate/ranges?to=${Date.now() + 3_600_000}`)) as {
      ranges: { startMs: number; fragments: number }[];
    };
    return answer.ranges[0]?.fragments === 10 && answer;
  });
  const startMs = ranges[0]?.startMs ?? 0;
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${server.endpoint}/play/gate/${path}`, { headers: bearer, ...init });
  const clipOf = (fromMs: number, toMs: number) => `clip.mp4?start=${startMs + fromMs}&end=${startMs + toMs}`;
  return { server, api, get, clipOf, startMs, bearer };
}

async function refused(response: Response, status: number, code: string): Promise<void> {
  assert.equal(response.status, status);
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, code);
}

test('a clip: a file with a name and a length, by range, without its body, and not at all when it is known', async (t) => {
  const { get, clipOf, bearer, server } = await start(t);
  const whole = await get(clipOf(0, 60_000));
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get('content-type'), 'video/mp4');
  assert.match(
    whole.headers.get('content-disposition') ?? '',
    /^attachment; filename="gate_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.mp4"$/,
  );
  const bytes = Buffer.from(await whole.arrayBuffer());
  assert.equal(whole.headers.get('content-length'), String(bytes.length));
  const file = temporaryFile(t, 'clip.mp4');
  writeFileSync(file, bytes);
  assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(CAMERA));

  const head = await get(clipOf(0, 60_000), { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(bytes.length));
  const etag = whole.headers.get('etag') ?? '';
  const part = await get(clipOf(0, 60_000), { headers: { ...bearer, Range: 'bytes=1000-99999' } });
  assert.equal(part.status, 206);
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1000, 100_000)));
  const known = await get(clipOf(0, 60_000), { headers: { ...bearer, 'If-None-Match': etag } });
  assert.equal(known.status, 304);
  assert.deepEqual(server.errorLines(), []);
});

test('a clip has all fragments that reach into its range', async (t) => {
  const { get, clipOf } = await start(t);
  const file = temporaryFile(t, 'clip.mp4');
  writeFileSync(file, Buffer.from(await (await get(clipOf(3000, 4500))).arrayBuffer()));
  const video = (await probePackets(file)).filter(({ type }) => type === 'video');
  assert.equal(video.length, 100, 'the fragments from 2 s and from 4 s on');
});

test('what cannot be clipped', async (t) => {
  const { get, clipOf } = await start(t);
  await refused(await get('clip.mp4'), 400, 'bad-time');
  await refused(await get('clip.mp4?start=5'), 400, 'bad-time');
  await refused(await get('clip.mp4?start=9&end=5'), 400, 'bad-time');
  await refused(await get(clipOf(-90_000, -80_000)), 404, 'no-media');
  await refused(await get(clipOf(0, 1000), { method: 'POST' }), 405, 'method-not-allowed');
  await refused(await get('../nobody/clip.mp4?start=1&end=2'), 404, 'stream-not-found');
  await refused(await get(clipOf(0, 1000), { headers: {} }), 401, 'no-credentials');
});

test('a picture of any instant, and of now', async (t) => {
  const { get, startMs, server } = await start(t);
  const at = async (query: string) => {
    const response = await get(`image.jpg${query}`);
    assert.equal(response.status, 200, query);
    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    return Buffer.from(await response.arrayBuffer());
  };
  const first = await at(`?at=${startMs}`);
  const later = await at(`?at=${new Date(startMs + 10_000).toISOString()}`);
  assert.notDeepEqual(first, later);
  const { width, height } = await sharp(await at(`?at=${startMs}&width=160`)).metadata();
  assert.deepEqual([width, height], [160, 90]);
  await refused(await get('image.jpg'), 404, 'no-media');
  const pushing = pushByRtmp(server, 'gate', CAMERA, { speed: 8 });
  const now = await until('a live picture', async () => {
    const response = await get('image.jpg');
    return response.ok && Buffer.from(await response.arrayBuffer());
  });
  assert.equal((await sharp(now).metadata()).width, 640);
  await pushing;
  await refused(await get(`image.jpg?at=${startMs - 5000}`), 404, 'no-media');
  await refused(await get('image.jpg?at=soon'), 400, 'bad-time');
  for (const width of ['0', '3841', 'x', '1.5'])
    await refused(await get(`image.jpg?width=${width}`), 400, 'bad-size');
  assert.deepEqual(server.errorLines(), []);
});

test('a picture named as an event names it: fragment and offset', async (t) => {
  const { get, api, startMs, server } = await start(t);
  const { fragments } = (await api('/api/streams/gate/fragments')) as {
    fragments: { number: string; producerMs: number }[];
  };
  const [first, , third] = fragments;
  assert.ok(first !== undefined && third !== undefined);
  const { number, producerMs } = third;
  const bytes = async (query: string) => {
    const response = await get(`image.jpg?${query}`);
    assert.equal(response.status, 200, query);
    return Buffer.from(await response.arrayBuffer());
  };
  assert.deepEqual(await bytes(`fragment=${number}&offset=480`), await bytes(`at=${producerMs + 480}`));
  assert.deepEqual(await bytes(`fragment=${number}`), await bytes(`at=${producerMs}`));
  await refused(await get(`image.jpg?fragment=${'9'.repeat(47)}`), 404, 'no-media');
  await refused(await get('image.jpg?fragment=12'), 400, 'bad-fragment');
  await refused(await get(`image.jpg?fragment=${number}&offset=-1`), 400, 'bad-fragment');
  const { token } = await api('/api/tokens', {
    method: 'POST',
    body: JSON.stringify({ stream: 'gate', live: false, range: { from: startMs, to: startMs + 1000 } }),
  });
  const ask = (fragment: string) =>
    fetch(`${server.endpoint}/play/gate/image.jpg?fragment=${fragment}&token=${token}`);
  assert.equal((await ask(first.number)).status, 200);
  await refused(await ask(number), 403, 'forbidden');
  await refused(await ask('9'.repeat(47)), 404, 'no-media');
});

test('a token opens what it names: its range, and live where it says so', async (t) => {
  const { api, clipOf, startMs, server } = await start(t);
  const { token } = await api('/api/tokens', {
    method: 'POST',
    body: JSON.stringify({
      stream: 'gate',
      live: false,
      range: { from: startMs, to: startMs + 6000 },
      expiresInSeconds: 600,
    }),
  });
  const ask = (path: string) =>
    fetch(`${server.endpoint}/play/gate/${path}${path.includes('?') ? '&' : '?'}token=${token}`);
  assert.equal((await ask(clipOf(0, 6000))).status, 200);
  assert.equal((await ask(`image.jpg?at=${startMs + 3000}`)).status, 200);
  await refused(await ask(clipOf(0, 6001)), 403, 'forbidden');
  await refused(await ask(`image.jpg?at=${startMs + 6001}`), 403, 'forbidden');
  await refused(await ask('image.jpg'), 403, 'forbidden');
});
