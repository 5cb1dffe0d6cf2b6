import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAudioTag } from '../../../../../server/ingest/rtmp/flv-audio.ts';
import { readVideoTag } from '../../../../../server/ingest/rtmp/flv-video.ts';
import { RtmpError } from '../../../../../server/ingest/rtmp/rtmp-error.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const cc = (text: string) => Buffer.from(text).toString('hex');
const isBadTag = (error: unknown) => error instanceof RtmpError && error.code === 'bad-tag';

function videoOf(text: string) {
  return readVideoTag(hex(text)).map((packet) =>
    packet.type === 'frame' ? { ...packet, data: packet.data.toString('hex') } : packet,
  );
}

test('legacy AVC: configuration, key frame, signed composition time, end', () => {
  assert.deepEqual(videoOf('17 00 000000 0164'), [
    { type: 'config', trackId: 0, codec: 'h264', config: hex('0164') },
  ]);
  const frame = { type: 'frame', trackId: 0, codec: 'h264', nanos: 0, data: 'abcd' };
  assert.deepEqual(videoOf('17 01 000028 abcd'), [{ ...frame, isKey: true, compositionMs: 40 }]);
  // SI24: node-media-server reads this as +16 777 176.
  assert.deepEqual(videoOf('27 01 ffffd8 abcd'), [{ ...frame, isKey: false, compositionMs: -40 }]);
  assert.deepEqual(videoOf('17 02 000000'), [{ type: 'ignored' }]);
  assert.deepEqual(videoOf('57 00'), [{ type: 'ignored' }]);
  assert.deepEqual(videoOf(''), [{ type: 'ignored' }]);
  assert.deepEqual(videoOf('1c 00 000000 01'), [
    { type: 'config', trackId: 0, codec: 'h265', config: hex('01') },
  ]);
  assert.deepEqual(videoOf('12 00'), [{ type: 'unsupported', what: 'FLV video codec 2' }]);
  assert.throws(() => videoOf('17 01 00'), isBadTag);
});

test('enhanced video: every FourCC, with and without composition time', () => {
  for (const [fourCc, codec] of [
    ['hvc1', 'h265'],
    ['avc1', 'h264'],
  ] as const) {
    const frame = { type: 'frame', trackId: 0, codec, nanos: 0, data: 'abcd' };
    assert.deepEqual(videoOf(`90 ${cc(fourCc)} 0102`), [
      { type: 'config', trackId: 0, codec, config: hex('0102') },
    ]);
    assert.deepEqual(videoOf(`a1 ${cc(fourCc)} ffffff abcd`), [
      { ...frame, isKey: false, compositionMs: -1 },
    ]);
    assert.deepEqual(videoOf(`93 ${cc(fourCc)} abcd`), [{ ...frame, isKey: true, compositionMs: 0 }]);
  }
  for (const [fourCc, codec] of [
    ['av01', 'av1'],
    ['vp09', 'vp9'],
    ['vp08', 'vp8'],
  ] as const) {
    assert.deepEqual(videoOf(`91 ${cc(fourCc)} abcd`), [
      { type: 'frame', trackId: 0, codec, isKey: true, compositionMs: 0, nanos: 0, data: 'abcd' },
    ]);
  }
  assert.deepEqual(videoOf(`92 ${cc('hvc1')}`), [{ type: 'ignored' }]);
  assert.deepEqual(videoOf(`94 ${cc('hvc1')} 02`), [{ type: 'ignored' }]);
  assert.deepEqual(videoOf(`d1 00`), [{ type: 'ignored' }], 'a command frame has no FourCC');
  assert.deepEqual(videoOf(`95 ${cc('av01')} 80`), [{ type: 'unsupported', what: 'av01 in MPEG-2 TS form' }]);
  assert.deepEqual(videoOf(`91 ${cc('vvc1')} 00`), [{ type: 'unsupported', what: 'video codec vvc1' }]);
  assert.deepEqual(videoOf(`91 00010203 00`), [{ type: 'unsupported', what: 'video codec ????' }]);
});

test('packet modifiers: nanoseconds, unknown ones, 16-bit sizes', () => {
  const frame = { type: 'frame', trackId: 0, codec: 'h264', isKey: true, compositionMs: 0, data: 'abcd' };
  assert.deepEqual(videoOf(`97 02 0f423f 03 ${cc('avc1')} abcd`), [{ ...frame, nanos: 999_999 }]);
  assert.deepEqual(videoOf(`97 02 ffffff 03 ${cc('avc1')} abcd`), [{ ...frame, nanos: 999_999 }]);
  // An unknown modifier of one byte, then the offset.
  assert.deepEqual(videoOf(`97 00 77 57 02 000005 03 ${cc('avc1')} abcd`), [{ ...frame, nanos: 5 }]);
  const long = `97 ff 0100 000007 ${'00'.repeat(254)} 03 ${cc('avc1')} abcd`;
  assert.deepEqual(videoOf(long), [{ ...frame, nanos: 7 }]);
  assert.throws(() => videoOf('97 02 0f42'), isBadTag);
  assert.throws(() => videoOf(`97 ${'00 77 07'.repeat(50)}`), isBadTag);
});

test('multitrack: one track, many tracks, many codecs', () => {
  const frame = { type: 'frame', isKey: true, compositionMs: 0, nanos: 0 };
  assert.deepEqual(videoOf(`96 03 ${cc('avc1')} 05 abcd`), [
    { ...frame, trackId: 5, codec: 'h264', data: 'abcd' },
  ]);
  assert.deepEqual(videoOf(`96 11 ${cc('av01')} 00 000002 abcd 01 000001 ef`), [
    { ...frame, trackId: 0, codec: 'av1', data: 'abcd' },
    { ...frame, trackId: 1, codec: 'av1', data: 'ef' },
  ]);
  assert.deepEqual(videoOf(`96 21 ${cc('av01')} 00 000002 abcd ${cc('vp09')} 01 000001 ef`), [
    { ...frame, trackId: 0, codec: 'av1', data: 'abcd' },
    { ...frame, trackId: 1, codec: 'vp9', data: 'ef' },
  ]);
  assert.throws(() => videoOf(`96 16 ${cc('av01')} 00`), isBadTag, 'multitrack inside multitrack');
  assert.throws(() => videoOf(`96 31 ${cc('av01')} 00`), isBadTag, 'reserved kind');
  assert.throws(() => videoOf(`96 11 ${cc('av01')} 00 000005 abcd`), isBadTag, 'size past the end');
  assert.throws(() => videoOf(`96 11 ${cc('av01')} ${'00 000000'.repeat(300)}`), isBadTag, '300 tracks');
});

function audioOf(text: string) {
  return readAudioTag(hex(text)).map((packet) =>
    packet.type === 'frame' ? { ...packet, data: packet.data.toString('hex') } : packet,
  );
}

test('legacy audio', () => {
  const frame = { type: 'frame', trackId: 0, nanos: 0, data: 'abcd' };
  assert.deepEqual(audioOf('af 00 1210'), [
    { type: 'config', trackId: 0, codec: 'aac', config: hex('1210') },
  ]);
  assert.deepEqual(audioOf('af 01 abcd'), [{ ...frame, codec: 'aac', channels: 2 }]);
  assert.deepEqual(audioOf('2e abcd'), [{ ...frame, codec: 'mp3', channels: 1 }]);
  assert.deepEqual(audioOf('72 abcd'), [{ ...frame, codec: 'pcma', channels: 1 }]);
  assert.deepEqual(audioOf('83 abcd'), [{ ...frame, codec: 'pcmu', channels: 2 }]);
  assert.deepEqual(audioOf('b2 abcd'), [{ type: 'unsupported', what: 'FLV audio format 11' }]);
  assert.deepEqual(audioOf(''), [{ type: 'ignored' }], 'the silence message');
  assert.throws(() => audioOf('af'), isBadTag);
});

test('enhanced audio: every FourCC, multitrack, nanoseconds, channel maps', () => {
  for (const [fourCc, codec] of [
    ['Opus', 'opus'],
    ['mp4a', 'aac'],
    ['ac-3', 'ac3'],
    ['.mp3', 'mp3'],
    ['fLaC', 'flac'],
  ] as const) {
    assert.deepEqual(audioOf(`90 ${cc(fourCc)} 01`), [
      { type: 'config', trackId: 0, codec, config: hex('01') },
    ]);
    assert.deepEqual(audioOf(`91 ${cc(fourCc)} abcd`), [
      { type: 'frame', trackId: 0, codec, channels: 2, nanos: 0, data: 'abcd' },
    ]);
  }
  assert.deepEqual(audioOf(`97 02 000003 01 ${cc('Opus')} ab`), [
    { type: 'frame', trackId: 0, codec: 'opus', channels: 2, nanos: 3, data: 'ab' },
  ]);
  assert.deepEqual(audioOf(`94 ${cc('Opus')} 01 02 00000003`), [{ type: 'ignored' }]);
  assert.deepEqual(audioOf(`92 ${cc('Opus')}`), [{ type: 'ignored' }]);
  assert.deepEqual(audioOf(`91 ${cc('ec-3')} 00`), [{ type: 'unsupported', what: 'audio codec ec-3' }]);
  const two = audioOf(`95 21 ${cc('Opus')} 00 000001 aa ${cc('mp4a')} 01 000001 bb`);
  assert.deepEqual(
    two.map((packet) => packet.type === 'frame' && [packet.trackId, packet.codec]),
    [
      [0, 'opus'],
      [1, 'aac'],
    ],
  );
});
