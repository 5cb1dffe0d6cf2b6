import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeTrack, type TrackInput } from '../../../../fragments/media/describe-track.ts';
import { parseOpusHead } from '../../../../fragments/media/opus.ts';
import type { Codec, TrackKind } from '../../../../fragments/media/track.ts';
import { bytes, type CodecCase, caseOf, casesOf, codecError, hex, opusHeadOf } from './codec-fixtures.ts';

const VIDEO: readonly Codec[] = ['h264', 'h265', 'av1', 'vp9'];
const AUDIO: readonly Codec[] = ['aac', 'opus', 'flac', 'ac3', 'mp3'];
const FRAME_LENGTH: Partial<Record<Codec, number>> = { aac: 1024, ac3: 1536 };

function input(
  kind: TrackKind,
  codec: Codec,
  config: Uint8Array,
  hints: Partial<TrackInput> = {},
): TrackInput {
  return { id: 1, kind, codec, timescale: 90000, config, ...hints };
}

/** As mediabunny names it, less what is optional, and `hvc1` for the sample entry that Framelog writes. */
function expectedCodecString(one: CodecCase): string {
  const name = one.codecString.replace('hev1', 'hvc1');
  if (/^(av01|vp09)/.test(name)) return name.split('.').slice(0, 4).join('.');
  return (
    {
      flac: 'fLaC',
      mp3: one.sampleRateHz === undefined || one.sampleRateHz >= 32000 ? 'mp4a.6B' : 'mp4a.69',
    }[name] ?? name
  );
}

describe('tracks of what encoders and muxers write', () => {
  for (const codec of VIDEO) {
    for (const one of casesOf(codec)) {
      test(one.name, () => {
        // Wrong hints lose against the config, except for VP9, whose config has no size.
        const hints = codec === 'vp9' ? { width: 322, height: 182 } : { width: 1, height: 1 };
        const track = describeTrack(input('video', codec, one.config, hints));
        assert.deepEqual([track.width, track.height], [one.width, one.height]);
        assert.equal(track.codecString, expectedCodecString(one));
        assert.equal(hex(track.config), hex(one.config));
        assert.notEqual(track.config.buffer, one.config.buffer);
        assert.equal(track.sampleRateHz, undefined);
      });
    }
  }
  for (const codec of AUDIO) {
    for (const one of casesOf(codec)) {
      test(one.name, () => {
        const hints =
          codec === 'mp3'
            ? { sampleRateHz: one.sampleRateHz, channels: one.channels }
            : { sampleRateHz: 1, channels: 99 };
        const track = describeTrack(input('audio', codec, one.config, hints));
        assert.equal(track.sampleRateHz, one.sampleRateHz);
        assert.equal(track.channels, one.channels);
        assert.equal(track.codecString, expectedCodecString(one));
        if (FRAME_LENGTH[codec]) assert.equal(track.frameLength, FRAME_LENGTH[codec]);
        assert.equal(track.width, undefined);
      });
    }
  }
});

test('configs as Matroska and enhanced RTMP carry them become box payloads', () => {
  const opus = caseOf('opus 5.1');
  assert.equal(hex(describeTrack(input('audio', 'opus', opusHeadOf(opus.name))).config), hex(opus.config));
  assert.equal(parseOpusHead(opusHeadOf(opus.name)).channels, 6);
  const flac = caseOf('flac 44100 stereo');
  const header = Buffer.concat([Buffer.from('fLaC'), flac.config.subarray(4)]);
  assert.equal(hex(describeTrack(input('audio', 'flac', header)).config), hex(flac.config));
  const { config } = caseOf('vp9 profile 2');
  const hints = { width: 16, height: 16 };
  assert.equal(hex(describeTrack(input('video', 'vp9', config.subarray(4), hints)).config), hex(config));
});

test('tracks that are told by hints alone', () => {
  const none = bytes('');
  const pcmu = describeTrack(input('audio', 'pcmu', none));
  assert.deepEqual([pcmu.codecString, pcmu.sampleRateHz, pcmu.channels], ['ulaw', 8000, 1]);
  const pcma = describeTrack(input('audio', 'pcma', bytes('00'), { sampleRateHz: 16000, channels: 2 }));
  assert.deepEqual([pcma.codecString, pcma.sampleRateHz, pcma.channels], ['alaw', 16000, 2]);
  assert.equal(pcma.config.length, 0);
  const mp3 = describeTrack(input('audio', 'mp3', none, { sampleRateHz: 22050 }));
  assert.deepEqual([mp3.codecString, mp3.channels, mp3.frameLength], ['mp4a.69', 2, 576]);
  const data = describeTrack(input('data', 'opaque', bytes('0102'), { contentType: 'application/json' }));
  assert.deepEqual([data.codecString, data.contentType, hex(data.config)], ['', 'application/json', '0102']);
  const vp8 = describeTrack(
    input('video', 'vp8', bytes('01000000 00 0a 82 02 02 02 0000'), { width: 640, height: 360 }),
  );
  assert.deepEqual([vp8.codecString, vp8.width, vp8.height], ['vp08.00.10.08', 640, 360]);
});

test('an unreadable SPS is no reason to refuse a camera whose size is told otherwise', () => {
  const avcC = bytes('01 640028 ff e1 0005 6764002880 01 0002 68ee');
  assert.throws(() => describeTrack(input('video', 'h264', avcC)), codecError('truncated'));
  const track = describeTrack(input('video', 'h264', avcC, { width: 1920, height: 1080 }));
  assert.deepEqual([track.codecString, track.width, track.height], ['avc1.640028', 1920, 1080]);
  const noSets = bytes('01 4d001f ff e0 00');
  assert.throws(() => describeTrack(input('video', 'h264', noSets)), codecError('invalid'));
  assert.equal(
    describeTrack(input('video', 'h264', noSets, { width: 2, height: 2 })).codecString,
    'avc1.4d001f',
  );
  const { config } = caseOf('h265 main');
  const noArrays = Buffer.concat([config.subarray(0, 22), bytes('00')]);
  assert.equal(describeTrack(input('video', 'h265', noArrays, { width: 4, height: 2 })).width, 4);
  const noHeader = caseOf('av1 svt').config.subarray(0, 4);
  assert.equal(describeTrack(input('video', 'av1', noHeader, { width: 4, height: 2 })).height, 2);
  assert.throws(() => describeTrack(input('video', 'av1', noHeader)), codecError('invalid'));
});

test('what makes no track is refused with a CodecError', () => {
  const { config } = caseOf('h264 main');
  assert.throws(() => describeTrack(input('audio', 'h264', config)), codecError('invalid'));
  for (const timescale of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
    assert.throws(() => describeTrack(input('video', 'h264', config, { timescale })), codecError('invalid'));
  }
  assert.throws(() => describeTrack(input('audio', 'mp3', bytes(''))), codecError('invalid'));
  for (const sampleRateHz of [0, -8000, Number.NaN, 0.5]) {
    assert.throws(
      () => describeTrack(input('audio', 'pcmu', bytes(''), { sampleRateHz })),
      codecError('invalid'),
    );
  }
  for (const channels of [0, 256, Number.NaN]) {
    assert.throws(
      () => describeTrack(input('audio', 'pcmu', bytes(''), { channels })),
      codecError('invalid'),
    );
  }
  const { config: vpcC } = caseOf('vp9 profile 0');
  for (const width of [0, 65536, 1.5, Number.NaN]) {
    assert.throws(
      () => describeTrack(input('video', 'vp9', vpcC, { width, height: 2 })),
      codecError('unsupported'),
    );
  }
  // Channel configuration 0 without an element that names the channels, and no hint.
  assert.throws(() => describeTrack(input('audio', 'aac', bytes('1180'))), codecError('invalid'));
  assert.equal(describeTrack(input('audio', 'aac', bytes('1180'), { channels: 2 })).channels, 2);
  for (const codec of ['h264', 'h265', 'av1', 'vp9', 'vp8'] as const) {
    assert.throws(() => describeTrack(input('video', codec, bytes(''))), codecError('truncated'));
  }
  for (const codec of ['aac', 'opus', 'flac', 'ac3'] as const) {
    assert.throws(() => describeTrack(input('audio', codec, bytes(''))), codecError('truncated'));
  }
});
