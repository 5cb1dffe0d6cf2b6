import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ArchivePlaylist, type PlaylistRange } from '../../../../../server/playback/hls/archive-playlist.ts';
import type { HlsStream } from '../../../../../server/playback/hls/hls-stream.ts';
import { camera, NOW_MS } from '../../../fragments/stream/media.ts';
import { StreamRig } from './stream-rig.ts';

const archive = (hls: HlsStream, startMs: number, endMs?: number, maxSegments = 50_000) =>
  new ArchivePlaylist(hls, { kind: 'archive', startMs, endMs, suffix: '' }, maxSegments);
const dvr = (hls: HlsStream, startMs: number) =>
  new ArchivePlaylist(
    hls,
    { kind: 'dvr', startMs, endMs: undefined, suffix: '?token=t' } satisfies PlaylistRange,
    1e5,
  );

async function textOf(playlist: ArchivePlaylist, nowMs: number): Promise<string> {
  const rendered = await playlist.render(nowMs);
  assert.notEqual(rendered, undefined);
  return rendered?.bytes.plain.toString() ?? '';
}

/** Ordinals of the listed segments, from MEDIA-SEQUENCE on. */
function listed(text: string): number[] {
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  return (text.match(/#EXTINF/g) ?? []).map((_, i) => first + i);
}

/** Two sessions of 60 s with a pause of 60 s between them, long past. */
async function recorded(): Promise<{ rig: StreamRig; hls: HlsStream }> {
  const rig = await StreamRig.open({ hls: { liveWindowMs: 4000 } });
  rig.write(camera(0, 60_000));
  await rig.end();
  rig.nowMs = NOW_MS + 120_000;
  rig.write(camera(0, 60_000));
  await rig.end();
  const hls = await rig.follow();
  return { rig, hls };
}

test('a past range is a VOD that begins at the asked moment', async () => {
  const { rig, hls } = await recorded();
  const text = await textOf(archive(hls, NOW_MS + 10_400, NOW_MS + 20_000), rig.nowMs);
  assert.deepEqual(listed(text), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  assert.match(text, /#EXT-X-PLAYLIST-TYPE:VOD\n/);
  assert.match(text, /#EXT-X-START:TIME-OFFSET=0.4,PRECISE=YES\n/);
  assert.match(text, /#EXT-X-ENDLIST\n$/);
  assert(!text.includes('SERVER-CONTROL'));
  assert.match(text, /#EXT-X-TARGETDURATION:2\n/);
  assert.equal(text.match(/PROGRAM-DATE-TIME/g)?.length, 10);
});

test('a range over a pause has one discontinuity', async () => {
  const { rig, hls } = await recorded();
  const text = await textOf(archive(hls, NOW_MS + 58_000, NOW_MS + 122_000), rig.nowMs);
  assert.deepEqual(listed(text), [58, 59, 60, 61]);
  assert.equal(text.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 1);
  assert.equal(text.match(/#EXT-X-MAP/g)?.length, 1);
  assert.match(text, /#EXT-X-DISCONTINUITY-SEQUENCE:0\n/);
});

test('a start in a pause begins with what came after it', async () => {
  const { rig, hls } = await recorded();
  const text = await textOf(archive(hls, NOW_MS + 90_000, NOW_MS + 121_000), rig.nowMs);
  assert.deepEqual(listed(text), [60]);
  assert(!text.includes('EXT-X-START'));
  assert.match(text, /#EXT-X-DISCONTINUITY-SEQUENCE:1\n/);
});

test('nothing recorded is no playlist; too much is refused', async () => {
  const { rig, hls } = await recorded();
  assert.equal(await archive(hls, NOW_MS + 1e7, NOW_MS + 2e7).render(rig.nowMs), undefined);
  assert.equal(await archive(hls, NOW_MS + 70_000, NOW_MS + 80_000).render(rig.nowMs), undefined);
  await assert.rejects(archive(hls, NOW_MS, NOW_MS + 1e7, 50).render(rig.nowMs), {
    name: 'RangeTooLongError',
  });
});

test('a range that reaches into the present grows, and ends when the camera is past its end', async () => {
  const rig = await StreamRig.open();
  const hls = await rig.follow();
  rig.write(camera(0, 10_100));
  const playlist = archive(hls, NOW_MS + 5000, NOW_MS + 12_000);
  const first = await textOf(playlist, rig.nowMs);
  assert.deepEqual(listed(first), [5, 6, 7, 8, 9]);
  assert(!first.includes('ENDLIST'));
  assert(!first.includes('PLAYLIST-TYPE'));
  rig.write(camera(10_100, 11_500));
  const second = await textOf(playlist, rig.nowMs);
  assert.deepEqual(listed(second), [5, 6, 7, 8, 9, 10]);
  assert(second.startsWith(first), 'only added to');
  rig.write(camera(11_500, 12_500));
  const third = await textOf(playlist, rig.nowMs);
  assert.deepEqual(listed(third), [5, 6, 7, 8, 9, 10, 11]);
  assert.match(third, /#EXT-X-ENDLIST\n$/);
});

test('an open range never ends, a past one without its camera does', async () => {
  const { rig, hls } = await recorded();
  assert(!(await textOf(archive(hls, NOW_MS), rig.nowMs)).includes('ENDLIST'));
  assert((await textOf(archive(hls, NOW_MS, rig.nowMs + 60_000), rig.nowMs + 60_000)).includes('ENDLIST'));
  assert(!(await textOf(archive(hls, NOW_MS, rig.nowMs + 60_000), rig.nowMs)).includes('ENDLIST'));
});

test('DVR lists the past and goes on to the live edge with parts and the hint', async () => {
  const rig = await StreamRig.open({ hls: { liveWindowMs: 4000 } });
  rig.write(camera(0, 120_600));
  const hls = await rig.follow();
  const playlist = dvr(hls, NOW_MS + 10_000);
  const text = await textOf(playlist, rig.nowMs);
  assert.deepEqual(listed(text)[0], 10);
  assert.deepEqual(listed(text).length, 110);
  assert.match(text, /#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES/);
  assert.match(text, /#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part\/120\.1\.m4s\?token=t"\n$/);
  const numbers = text.match(/segment\/(\d{47})\.m4s\?token=t/g) ?? [];
  assert.equal(new Set(numbers).size, 110);
  const rendered = await playlist.render(rig.nowMs);
  assert.equal(gunzipSync(rendered?.bytes.gzip() ?? Buffer.of()).toString(), text);

  // Every later version lists the same segments in the same words, and then more.
  let last = text;
  for (let ms = 120_600; ms < 140_000; ms += 500) {
    rig.write(camera(ms, ms + 500));
    const next = await textOf(playlist, rig.nowMs);
    assert.deepEqual(next.match(/segment\/\d{47}/g)?.slice(0, 110), text.match(/segment\/\d{47}/g));
    assert(listed(next).length >= listed(last).length);
    last = next;
  }
  assert.equal(listed(last).length, 130);
});

test('DVR from a moment at the live edge begins inside what is rendered anew', async () => {
  const rig = await StreamRig.open();
  rig.write(camera(0, 20_600));
  const hls = await rig.follow();
  const text = await textOf(dvr(hls, NOW_MS + 18_500), rig.nowMs);
  assert.deepEqual(listed(text), [18, 19]);
  assert.equal(text.match(/#EXT-X-MAP/g)?.length, 1);
  assert.match(text, /TIME-OFFSET=0.5/);
  const future = await textOf(dvr(hls, NOW_MS + 1e6), rig.nowMs);
  assert.deepEqual(listed(future), [19]);
});

test('what retention deletes leaves the playlist', async () => {
  const { rig, hls } = await recorded();
  const playlist = archive(hls, NOW_MS, NOW_MS + 20_000);
  assert.equal(listed(await textOf(playlist, rig.nowMs)).length, 20);
  rig.log.chunks.splice(
    0,
    rig.log.chunks.findIndex(({ fragment }) => fragment.ordinal === 5),
  );
  const text = await textOf(playlist, rig.nowMs);
  assert.equal(listed(text)[0], 5);
  assert.equal(listed(text).length, 15);
});

test('many ask at once, one reads', async () => {
  const { rig, hls } = await recorded();
  let lists = 0;
  const list = rig.log.list.bind(rig.log);
  rig.log.list = (...args) => {
    lists += 1;
    return list(...args);
  };
  const playlist = archive(hls, NOW_MS, NOW_MS + 20_000);
  const all = await Promise.all(Array.from({ length: 20 }, () => playlist.render(rig.nowMs)));
  assert.equal(new Set(all.map((each) => each?.bytes)).size, 1);
  assert(lists <= 2, `${lists}`);
});
