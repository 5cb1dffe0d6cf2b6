import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { camera, NOW_MS } from '../../unit/fragments/stream/media.ts';
import { get } from './http-get.ts';
import { parsePlaylist } from './parse-playlist.ts';
import { startPlayServer } from './play-server.ts';

const errorOf = (body: Buffer): string => JSON.parse(body.toString()).error.code;

test('live, DVR and archive name the same segments; hot and cold bytes are the same', async (t) => {
  const { rig, route, counters, base } = await startPlayServer(t);
  await rig.writeSlowly(camera(0, 120_600));
  const live = parsePlaylist((await get(`${base}live.m3u8`)).body.toString());
  const dvr = parsePlaylist((await get(`${base}dvr.m3u8?start=${NOW_MS}`)).body.toString());
  const archive = parsePlaylist((await get(`${base}archive.m3u8?start=${NOW_MS}`)).body.toString());
  assert.equal(dvr.segments.length, 120);
  assert.deepEqual(
    dvr.segments.map(({ uri }) => uri),
    archive.segments.map(({ uri }) => uri),
  );
  assert.deepEqual(
    live.segments.map(({ msn, uri }) => [msn, uri]),
    dvr.segments.slice(-live.segments.length).map(({ msn, uri }) => [msn, uri]),
  );

  for (const { uri, msn } of [...dvr.segments.slice(0, 2), ...dvr.segments.slice(-2)]) {
    const answer = await get(`${base}${uri}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, rig.log.bytesOf(msn));
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(answer.headers['content-type'], 'video/mp4');
    const range = await get(`${base}${uri}`, { range: 'bytes=10-19' });
    assert.equal(range.status, 206);
    assert.deepEqual(range.body, rig.log.bytesOf(msn).subarray(10, 20));
    const again = await get(`${base}${uri}`, { 'if-none-match': String(answer.headers.etag) });
    assert.equal(again.status, 304);
  }
  assert.equal(route.counters.hotSegments, 6);
  assert.equal(route.counters.coldSegments, 6);
  assert(counters.coldBytes > 0);
  const init = await get(`${base}${live.segments[0]?.mapUri}`);
  assert.equal(init.status, 200);
  assert.match(String(init.headers['cache-control']), /immutable/);
});

test('playlists are compressed for those who can, in the same words', async (t) => {
  const { rig, base } = await startPlayServer(t);
  await rig.writeSlowly(camera(0, 60_600));
  for (const path of [
    'live.m3u8',
    `dvr.m3u8?start=${NOW_MS}`,
    `archive.m3u8?start=${NOW_MS}&end=${NOW_MS + 50_000}`,
  ]) {
    const plain = await get(`${base}${path}`);
    const gzip = await get(`${base}${path}`, { 'accept-encoding': 'br, gzip;q=0.5' });
    const refused = await get(`${base}${path}`, { 'accept-encoding': 'gzip;q=0, identity' });
    assert.equal(plain.headers['content-type'], 'application/vnd.apple.mpegurl');
    assert.equal(plain.headers.vary, 'Accept-Encoding');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(refused.headers['content-encoding'], undefined);
    // Not worth it for a short one.
    const isLong = plain.body.length >= 4096;
    assert.equal(gzip.headers['content-encoding'], isLong ? 'gzip' : undefined, path);
    assert.deepEqual(isLong ? gunzipSync(gzip.body) : gzip.body, plain.body);
  }
});

test('a fragment is no segment before it is complete, and what is gone or was never there is a 404', async (t) => {
  const { rig, route, base } = await startPlayServer(t);
  rig.write(camera(0, 2600));
  const growing = rig.stream.window.current?.info.number;
  for (const [path, code] of [
    [`segment/${growing}.m4s`, 'gone'],
    [`segment/${'9'.repeat(47)}.m4s`, 'gone'],
    ['part/2.7.m4s', 'gone'],
    ['part/3.0.m4s', 'gone'],
    ['init/0123456789abcdef.mp4', 'not-found'],
    ['gap/1.m4s', 'not-found'],
    ['../other/live.m3u8', 'stream-not-found'],
    [`archive.m3u8?start=${NOW_MS + 1e6}`, 'nothing-recorded'],
  ] as const) {
    const answer = await get(`${base}${path}`);
    assert.equal(answer.status, 404, path);
    assert.equal(errorOf(answer.body), code, path);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  assert.equal(route.counters.refused.gone, 4);
});

test('bad requests are told what is wrong', async (t) => {
  const { rig, base } = await startPlayServer(t);
  rig.write(camera(0, 2600));
  for (const [path, code] of [
    ['live.m3u8?_HLS_part=1', 'bad-directive'],
    ['live.m3u8?_HLS_msn=99', 'too-far-ahead'],
    ['archive.m3u8', 'bad-time'],
    ['archive.m3u8?start=yesterday', 'bad-time'],
    ['dvr.m3u8?end=5', 'bad-time'],
    ['live.m3u8?token=%00', 'bad-token'],
  ] as const) {
    const answer = await get(`${base}${path}`);
    assert.equal(answer.status, 400, path);
    assert.equal(errorOf(answer.body), code, path);
  }
});

test('a camera that just began is waited for; one that never came is a 404', async (t) => {
  const { rig, route, base } = await startPlayServer(t);
  const none = await get(`${base}live.m3u8`);
  assert.equal(none.status, 404);
  assert.equal(errorOf(none.body), 'no-media');
  assert.equal(none.headers['retry-after'], '1');
  rig.write(camera(0, 600));
  const first = get(`${base}live.m3u8`);
  while (route.waiting === 0) await nextTurn();
  rig.write(camera(600, 1700));
  const answer = await first;
  assert.equal(answer.status, 200);
  assert.equal(parsePlaylist(answer.body.toString()).segments.length, 1);
});

test('all who wait for a part get it with one rendering, and those who hang up wait no more', async (t) => {
  const { rig, route, base } = await startPlayServer(t);
  await rig.writeSlowly(camera(0, 10_300));
  const waiting = Array.from({ length: 50 }, () => get(`${base}live.m3u8?_HLS_msn=10&_HLS_part=0`));
  const hint = get(`${base}part/10.0.m4s`);
  const leaver = request(`${base}live.m3u8?_HLS_msn=10&_HLS_part=0`, { agent: false });
  leaver.on('error', () => {});
  leaver.end();
  while (route.waiting < 52) await nextTurn();
  leaver.destroy();
  while (route.waiting > 51) await nextTurn();
  rig.write(camera(10_300, 10_700));
  const answers = await Promise.all(waiting);
  assert.equal(new Set(answers.map(({ body }) => body.toString())).size, 1);
  assert.match(answers[0]?.body.toString() ?? '', /part\/10\.0\.m4s",INDEPENDENT=YES\n/);
  const part = await hint;
  assert.equal(part.status, 200);
  assert.equal(part.headers['cache-control'], 'public, max-age=2');
});

test('a hinted part that does not come, because its fragment or the stream ends, is a 404', async (t) => {
  const { rig, route, base } = await startPlayServer(t);
  await rig.writeSlowly(camera(0, 3020));
  rig.write(camera(3020, 3900));
  const afterLast = rig.stream.window.current?.parts.length ?? 0;
  const notComing = get(`${base}part/3.${afterLast + 1}.m4s`);
  assert.equal((await notComing).status, 404);
  const hinted = get(`${base}part/3.${afterLast}.m4s`);
  while (route.waiting === 0) await nextTurn();
  await rig.end();
  const last = await hinted;
  assert.equal(last.status, 200, 'the last part was completed by the end');
  assert.equal((await get(`${base}part/4.0.m4s`)).status, 404);
});

test('closing answers those who wait', async (t) => {
  const { rig, route, base } = await startPlayServer(t);
  await rig.writeSlowly(camera(0, 3020));
  const waiting = get(`${base}live.m3u8?_HLS_msn=3&_HLS_part=2`);
  while (route.waiting === 0) await nextTurn();
  route.close();
  assert.equal((await waiting).status, 503);
  assert.equal((await get(`${base}live.m3u8`)).status, 503);
});

test('playback tokens open what they name, and go into every URI', async (t) => {
  const { rig, access, base, log } = await startPlayServer(t, { open: false });
  await rig.writeSlowly(camera(0, 120_600));
  const token = (scope: Partial<Parameters<typeof access.issuePlaybackToken>[0]>) =>
    access.issuePlaybackToken({
      stream: 'cam',
      live: false,
      range: null,
      expiresMs: rig.nowMs + 60_000,
      ...scope,
    });
  const statusOf = async (path: string, given?: string) =>
    (
      await get(
        `${base}${path}${given === undefined ? '' : `${path.includes('?') ? '&' : '?'}token=${given}`}`,
      )
    ).status;
  const liveToken = token({ live: true });
  const rangeToken = token({ range: { fromMs: NOW_MS + 10_400, toMs: NOW_MS + 20_400 } });
  const range = `archive.m3u8?start=${NOW_MS + 10_400}&end=${NOW_MS + 20_400}`;

  assert.equal(await statusOf('live.m3u8'), 401);
  assert.equal(await statusOf('live.m3u8', 'not.atoken'), 401);
  assert.equal(await statusOf('live.m3u8', token({ live: true, expiresMs: rig.nowMs - 1 })), 401);
  assert.equal(await statusOf('live.m3u8', token({ live: true, stream: 'other' })), 403);
  assert.equal(await statusOf('live.m3u8', rangeToken), 403);
  assert.equal(await statusOf('live.m3u8', liveToken), 200);
  assert.equal(await statusOf(range, liveToken), 403);
  assert.equal(await statusOf(range, rangeToken), 200);
  assert.equal(await statusOf(`archive.m3u8?start=${NOW_MS}&end=${NOW_MS + 15_000}`, rangeToken), 403);
  assert.equal(await statusOf(`dvr.m3u8?start=${NOW_MS}`, liveToken), 403);
  const dvrToken = token({ live: true, range: { fromMs: NOW_MS, toMs: Number.POSITIVE_INFINITY } });
  assert.equal(await statusOf(`dvr.m3u8?start=${NOW_MS}`, dvrToken), 200);

  // All that a playlist names opens with the token that it was asked with, and what others name does not.
  for (const [path, given] of [
    ['live.m3u8', liveToken],
    [range, rangeToken],
  ] as const) {
    const answer = await get(`${base}${path}${path.includes('?') ? '&' : '?'}token=${given}`);
    const playlist = parsePlaylist(answer.body.toString());
    const { segments, tail } = playlist;
    const uris = segments.flatMap((segment) => [
      segment.uri,
      segment.mapUri,
      ...segment.parts.map(({ uri }) => uri),
    ]);
    for (const uri of [...uris, ...tail.parts.map(({ uri }) => uri)]) {
      const media = await get(`${base}${uri}`);
      assert.equal(media.status, 200, uri);
      assert.match(String(media.headers['cache-control']), /^private, /);
      assert.equal(await statusOf(uri.replace(/\?.*/, '')), 401);
    }
  }
  const numberAt = (ordinal: number) => rig.log.fragments[ordinal]?.number;
  assert.equal(await statusOf(`segment/${numberAt(5)}.m4s`, liveToken), 403);
  assert.equal(await statusOf(`segment/${numberAt(9)}.m4s`, rangeToken), 403);
  assert.equal(await statusOf(`segment/${numberAt(10)}.m4s`, rangeToken), 200);
  assert.equal(await statusOf(`segment/${numberAt(20)}.m4s`, rangeToken), 200);
  assert.equal(await statusOf(`segment/${numberAt(21)}.m4s`, rangeToken), 403);
  assert(!JSON.stringify(log.lines).includes(liveToken));
});

test('other methods, and the questions of other origins', async (t) => {
  const { rig, base } = await startPlayServer(t);
  rig.write(camera(0, 2600));
  const ask = (method: string) =>
    new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
      request(`${base}live.m3u8`, { method, agent: false }, (incoming) => {
        incoming.resume();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers });
      })
        .on('error', reject)
        .end();
    });
  const preflight = await ask('OPTIONS');
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.match(String(preflight.headers['access-control-allow-headers']), /Range/);
  assert.equal((await ask('HEAD')).status, 200);
  const post = await ask('POST');
  assert.equal(post.status, 405);
  assert.equal(post.headers.allow, 'GET, HEAD, OPTIONS');
});

test('viewers are counted while they come back', async (t) => {
  const { rig, base } = await startPlayServer(t);
  rig.write(camera(0, 2600));
  await get(`${base}live.m3u8`);
  assert.equal(rig.stream.live(rig.nowMs).viewers, 1);
  assert.equal(rig.stream.live(rig.nowMs + 60_000).viewers, 0);
});
