import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initUri, parsePlayPath, partUri, segmentUri } from '../../../../../server/playback/hls/play-path.ts';

const NUMBER = '9'.repeat(47);

test('reads playlists, init segments, segments and parts', () => {
  assert.deepEqual(parsePlayPath('/play/cam/live.m3u8'), { stream: 'cam', target: { kind: 'live' } });
  assert.deepEqual(parsePlayPath('/play/cam/archive.m3u8')?.target, { kind: 'archive' });
  assert.deepEqual(parsePlayPath('/play/cam/dvr.m3u8')?.target, { kind: 'dvr' });
  const id = '0123456789abcdef';
  assert.deepEqual(parsePlayPath(`/play/cam/${initUri(id, '')}`)?.target, { kind: 'init', initId: id });
  assert.deepEqual(parsePlayPath(`/play/cam/${segmentUri(NUMBER, '')}`)?.target, {
    kind: 'segment',
    number: NUMBER,
  });
  assert.deepEqual(parsePlayPath(`/play/cam/${partUri(12, 3, '')}`)?.target, {
    kind: 'part',
    ordinal: 12,
    index: 3,
  });
});

test('stream names may be percent-encoded', () => {
  assert.equal(parsePlayPath('/play/front%20door%C3%A9/live.m3u8')?.stream, 'front dooré');
  assert.equal(parsePlayPath('/play/a%2Fb/live.m3u8')?.stream, 'a/b');
  assert.equal(parsePlayPath('/play/%ff/live.m3u8'), undefined);
  assert.equal(parsePlayPath('/play/%/live.m3u8'), undefined);
});

test('anything else is nothing', () => {
  for (const path of [
    '/play/',
    '/play/cam',
    '/play//live.m3u8',
    '/play/cam/live.m3u8/',
    '/play/cam/other.m3u8',
    '/play/cam/init/0123456789ABCDEF.mp4',
    `/play/cam/segment/${NUMBER}0.m4s`,
    '/play/cam/part/1.m4s',
    '/play/cam/part/-1.0.m4s',
    `/play/cam/part/${'9'.repeat(16)}.0.m4s`,
    '/play/a/b/live.m3u8',
  ]) {
    assert.equal(parsePlayPath(path), undefined, path);
  }
});
