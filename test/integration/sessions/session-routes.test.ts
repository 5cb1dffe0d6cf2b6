import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Track } from '../../../fragments/media/track.ts';
import { clipPath, probePackets } from '../../e2e/support/media.ts';
import { readMedia } from '../../unit/fragments/cmaf/support.ts';
import { MemoryLog } from '../../unit/fragments/stream/memory-log.ts';
import { startSessionServer } from '../../unit/server/playback/session/session-rig.ts';
import { get } from '../hls/http-get.ts';
import { clipOnDisk, sessionsOnDisk } from './clip-on-disk.ts';

const CLIP = 'parking-360p-h264.mp4';

/** A session server whose camera has sent the clip up to a moment and is still there. */
async function liveCamera(t: TestContext, untilS: number) {
  const server = await startSessionServer(t, new MemoryLog());
  const { tracks, samples } = await readMedia(clipPath(CLIP));
  const timescaleOf = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
  let sent = 0;
  const sendUntil = (seconds: number) => {
    const end = samples.findIndex(
      ({ trackId, dtsTicks }) => dtsTicks / (timescaleOf.get(trackId) ?? 1) >= seconds,
    );
    server.rig.write(samples.slice(sent, end < 0 ? samples.length : end));
    sent = end < 0 ? samples.length : end;
  };
  server.rig.publish(tracks);
  sendUntil(untilS);
  return { ...server, tracks, sendUntil };
}

/** The URIs of a playlist, made absolute. */
function urisOf(playlist: string, base: string): string[] {
  const lines = playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const attributes = [...playlist.matchAll(/URI="([^"]+)"/g)].map(([, uri = '']) => uri);
  return [...lines, ...attributes].map((uri) => new URL(uri, base).href);
}

async function text(url: string): Promise<string> {
  const { status, body } = await get(url);
  assert.equal(status, 200, `${url}: ${body}`);
  return body.toString();
}

test('every child can be had by any page, by HEAD too, and is not cached by others', async (t) => {
  const { open, range, counters } = await clipOnDisk(t, CLIP);
  const master = await open({ ...range });
  const playlists = urisOf(await text(master), master);
  assert.equal(playlists.length, 2);
  const children: string[] = [master, ...playlists];
  for (const playlist of playlists) children.push(...urisOf(await text(playlist), playlist));
  const dash = await open({ ...range, protocol: 'dash' });
  children.push(dash);
  for (const url of children) {
    const whole = await get(url);
    assert.equal(whole.status, 200, url);
    assert.equal(whole.headers['access-control-allow-origin'], '*');
    assert.match(String(whole.headers['cache-control']), /no-store|private/);
    const head = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(url, { method: 'HEAD', agent: false }, (answer) => {
        assert.equal(answer.headers['content-length'], whole.headers['content-length']);
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      asked.on('error', reject).end();
    });
    assert.equal(head, 200);
  }
  assert.ok(counters.answered.GetMP4MediaFragment >= 20);
  assert.deepEqual(counters.refused, {});
});

test('a page may ask before it fetches; what is not for playing is refused', async (t) => {
  const { open, range, origin } = await clipOnDisk(t, CLIP);
  const master = await open({ ...range });
  const asked = await fetch(master, { method: 'OPTIONS' });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), '*');
  const posted = await fetch(master, { method: 'POST', body: '{}' });
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get('allow'), 'GET, HEAD, OPTIONS');
  const token = new URL(master).searchParams.get('SessionToken');
  for (const [path, status, code] of [
    ['hls/v1/nothing', 404, 'ResourceNotFoundException'],
    ['hls/v1/toString', 404, 'ResourceNotFoundException'],
    ['hls/v1/getTSFragment.ts', 400, 'InvalidArgumentException'],
    ['dash/v1/getDASHManifest.mpd', 400, 'InvalidArgumentException'],
    ['hls/v1/getHLSMediaPlaylist.m3u8?TrackNumber=9', 400, 'InvalidArgumentException'],
    ['hls/v1/getMP4MediaFragment.mp4', 400, 'InvalidArgumentException'],
    ['hls/v1/getMP4MediaFragment.mp4?FragmentNumber=123', 404, 'ResourceNotFoundException'],
    ['hls/v1/getMP4InitFragment.mp4?SequenceNumber=7', 404, 'ResourceNotFoundException'],
    ['hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=x', 400, 'InvalidArgumentException'],
  ] as const) {
    const separator = path.includes('?') ? '&' : '?';
    const answer = await fetch(`${origin}/${path}${separator}SessionToken=${token}`);
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get('x-amzn-errortype'), code);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.equal(typeof ((await answer.json()) as { Message: string }).Message, 'string');
  }
});

test('a token ends, is worth nothing when changed, and is in no log line', async (t) => {
  const { open, range, rig, book } = await clipOnDisk(t, CLIP);
  const master = await open({ ...range, expiresS: 300 });
  rig.nowMs += 299_999;
  assert.equal((await get(master)).status, 200);
  rig.nowMs += 1;
  const expired = await get(master);
  assert.equal(expired.status, 403);
  assert.deepEqual(JSON.parse(expired.body.toString()), { Message: 'Streaming session token is expired' });
  for (const url of [master.replace(/.$/, ''), `${master}x`, master.split('?')[0] as string]) {
    assert.equal((await get(url)).status, 403, url);
  }
  const token = new URL(master).searchParams.get('SessionToken') as string;
  assert.ok(!JSON.stringify(book).includes(token.slice(10, 60)));
});

test('a session does not go over to another stream of the same name', async (t) => {
  const { open, range, rig } = await clipOnDisk(t, CLIP);
  const master = await open({ ...range });
  rig.stream.record = { ...rig.stream.record, createdMs: 77 };
  const answer = await get(master);
  assert.equal(answer.status, 404);
  assert.match(answer.body.toString(), /was deleted/);
});

test('a session goes on after a restart, numbers and media unchanged', async (t) => {
  const { open, restart, sendUntil } = await liveCamera(t, 9);
  const master = await open({ mode: 'LIVE', maxFragments: 3 });
  const [video = ''] = urisOf(await text(master), master);
  sendUntil(13);
  const before = await text(video);
  assert.match(before, /MEDIA-SEQUENCE:2\n/);
  const segments = urisOf(before, video).filter((url) => url.includes('MediaFragment'));
  const media = await Promise.all(segments.map(async (url) => (await get(url)).body));
  await restart();
  assert.equal(await text(video), before);
  for (const [i, url] of segments.entries()) assert.deepEqual((await get(url)).body, media[i]);
  sendUntil(15);
  assert.match(await text(video), /MEDIA-SEQUENCE:3\n/);
});

test('audio and video playlists of a live session have the same fragments under the same numbers', async (t) => {
  const { open, sendUntil } = await liveCamera(t, 9);
  const master = await open({ mode: 'LIVE' });
  const [video = '', audio = ''] = urisOf(await text(master), master);
  sendUntil(19);
  const [a, b] = [await text(video), await text(audio)];
  assert.equal(a.replaceAll('TrackNumber=1', 'TrackNumber=2'), b);
});

test('a fragment is the same out of memory and out of the log', async (t) => {
  for (const container of ['mp4', 'ts'] as const) {
    const { open, rig, restart } = await liveCamera(t, 9);
    const master = await open({ mode: 'LIVE', container, maxFragments: 2 });
    const [video = ''] = urisOf(await text(master), master);
    const [url = ''] = urisOf(await text(video), video);
    const inMemory = await get(url);
    const opens = rig.log.opens;
    await rig.end();
    await restart();
    assert.deepEqual(rig.stream.window.fragments, []);
    const stored = await get(url);
    assert.equal(stored.status, 200);
    assert.ok(stored.body.equals(inMemory.body), container);
    assert.ok(rig.log.opens > opens);
  }
});

test('a TS segment is muxed once for all its viewers', async (t) => {
  const { open, counters } = await liveCamera(t, 9);
  const bodies: Buffer[] = [];
  for (let viewer = 0; viewer < 3; viewer++) {
    const master = await open({ mode: 'LIVE', container: 'ts', maxFragments: 1 + viewer });
    const [playlist = ''] = urisOf(await text(master), master);
    bodies.push((await get(urisOf(await text(playlist), playlist).at(-1) ?? '')).body);
  }
  assert.deepEqual([counters.tsMuxed, counters.tsCached], [1, 2]);
  // Each has its own time line, the rest is the same.
  assert.equal(new Set(bodies.map(({ length }) => length)).size, 1);
  assert.ok(!bodies[0]?.equals(bodies[1] as Buffer));
});

test('a long fragment of many chunks is served in parts of the log, and as TS block by block', async (t) => {
  const server = await sessionsOnDisk(t);
  const { rig, open, counters } = server;
  const { tracks, samples } = await readMedia(clipPath('parking-720p-h264.mp4'));
  const [video] = tracks as [Track, ...Track[]];
  const startMs = rig.nowMs;
  rig.publish(tracks);
  // One GOP of all key frames but the first taken away, with pictures of 40 KB: 20 s, over 8 MB, five chunks and more.
  const padding = Buffer.concat([Buffer.from([0, 0, 0x9c, 0x40, 12]), Buffer.alloc(39_999, 0xff)]);
  const firstPicture = samples.find(({ trackId }) => trackId === video.id);
  const grown = samples.map((sample) =>
    sample.trackId === video.id
      ? { ...sample, isSync: sample === firstPicture, data: Buffer.concat([sample.data, padding]) }
      : sample,
  );
  await rig.writeSlowly(grown);
  await rig.end();
  const range = { startMs, endMs: rig.nowMs };
  rig.nowMs += 1000;
  const [first] = await rig.log.list(0, 1);
  assert.ok((first?.sizeBytes ?? 0) > 8 * 1024 * 1024, `${first?.sizeBytes} bytes`);
  const pictures = grown.filter(({ trackId }) => trackId === video.id).length;
  for (const url of [
    await open({ ...range }),
    await open({ ...range, container: 'ts' }),
    await open({ ...range, protocol: 'dash' }),
  ]) {
    const packets = await probePackets(url);
    assert.equal(packets.filter(({ type }) => type === 'video').length, pictures, url);
  }
  assert.ok(counters.answered.GetTSFragment > 0);
});

test('a track that was silent for a fragment has an empty segment there, and plays on', async (t) => {
  const { rig, open } = await sessionsOnDisk(t);
  const { tracks, samples } = await readMedia(clipPath(CLIP));
  const audio = tracks.find(({ kind }) => kind === 'audio') as Track;
  const isQuiet = ({ trackId, dtsTicks }: (typeof samples)[number]) =>
    trackId === audio.id && dtsTicks >= 3 * audio.timescale && dtsTicks < 9 * audio.timescale;
  const startMs = rig.nowMs;
  rig.publish(tracks);
  await rig.writeSlowly(samples.filter((sample) => !isQuiet(sample)));
  await rig.end();
  const range = { startMs, endMs: rig.nowMs };
  rig.nowMs += 1000;
  for (const url of [await open({ ...range }), await open({ ...range, container: 'ts' })]) {
    const packets = await probePackets(url);
    assert.equal(packets.filter(({ type }) => type === 'video').length, 500, url);
  }
});

test('a camera that was away for a minute is played over its gap', async (t) => {
  const { rig, open } = await sessionsOnDisk(t);
  const { tracks, samples } = await readMedia(clipPath(CLIP));
  const startMs = rig.nowMs;
  for (let session = 0; session < 2; session++) {
    rig.publish(tracks);
    await rig.writeSlowly(samples);
    await rig.end();
    rig.nowMs += 60_000;
  }
  const range = { startMs, endMs: rig.nowMs };
  rig.nowMs += 1;
  const gapOf = async (url: string) => {
    const video = (await probePackets(url)).filter(({ type }) => type === 'video');
    assert.equal(video.length, 1000, url);
    const times = video.map(({ dtsMs }) => dtsMs);
    return Math.round(Math.max(...times.slice(1).map((dtsMs, i) => dtsMs - (times[i] ?? 0))) / 1000);
  };
  assert.equal(await gapOf(await open({ ...range, clock: 'producer' })), 60);
  assert.equal(await gapOf(await open({ ...range, clock: 'producer', container: 'ts' })), 60);
  assert.equal(await gapOf(await open({ ...range, protocol: 'dash' })), 0);
});
