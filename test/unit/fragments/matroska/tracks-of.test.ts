import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MatroskaTrack } from '../../../../fragments/matroska/matroska-event.ts';
import { trackOf } from '../../../../fragments/matroska/tracks-of.ts';
import { caseOf, opusHeadOf } from '../media/codec-fixtures.ts';
import { hex } from './ebml-bytes.ts';

const MS = 1_000_000;

function declared(fields: Partial<MatroskaTrack> & Pick<MatroskaTrack, 'codecId'>): MatroskaTrack {
  return {
    number: 1,
    uid: 1n,
    type: 1,
    codecPrivate: undefined,
    name: undefined,
    defaultDurationNs: undefined,
    pixelWidth: undefined,
    pixelHeight: undefined,
    sampleRateHz: undefined,
    channels: undefined,
    bitDepth: undefined,
    ...fields,
  };
}

describe('codec ids', () => {
  it('both names of H.264 are it', () => {
    const { config, codecString, width, height } = caseOf('h264 main');
    for (const codecId of ['V_MPEG4/ISO/AVC', 'V_MPEG/ISO/AVC']) {
      const track = trackOf(declared({ codecId, codecPrivate: config }), MS);
      assert.deepEqual(
        [track.codec, track.codecString, track.width, track.height, track.timescale],
        ['h264', codecString, width, height, 1000],
      );
    }
  });

  it('VP9 without features is what nearly all VP9 is; with them, what they say', () => {
    const size = { pixelWidth: 640, pixelHeight: 360, defaultDurationNs: 40_000_000 };
    assert.equal(trackOf(declared({ codecId: 'V_VP9', ...size }), MS).codecString, 'vp09.00.21.08');
    const features = hex('010102 020133 03010a 040101');
    assert.equal(
      trackOf(declared({ codecId: 'V_VP9', ...size, codecPrivate: features }), MS).codecString,
      'vp09.02.51.10',
    );
  });

  it('Opus carries its own head', () => {
    const codecPrivate = opusHeadOf('opus stereo');
    const track = trackOf(
      declared({ codecId: 'A_OPUS', codecPrivate, sampleRateHz: 48000, channels: 2 }),
      MS,
    );
    assert.deepEqual([track.codec, track.channels, track.sampleRateHz], ['opus', 2, 48000]);
    assert.deepEqual(Buffer.from(track.config), Buffer.from(caseOf('opus stereo').config));
  });

  it('old ids of AAC need no private data', () => {
    for (const [codecId, rate, channels, codecString] of [
      ['A_AAC/MPEG4/LC', 48000, 2, 'mp4a.40.2'],
      ['A_AAC/MPEG2/LC/SBR', 24000, 1, 'mp4a.40.2'],
      ['A_AAC/MPEG4/MAIN', 44100, 8, 'mp4a.40.1'],
    ] as const) {
      const track = trackOf(declared({ codecId, sampleRateHz: rate, channels }), MS);
      assert.deepEqual(
        [track.codecString, track.sampleRateHz, track.channels],
        [codecString, rate, channels],
      );
    }
  });

  it('HE-AAC plays at its output rate', () => {
    const codecPrivate = hex('2b92 0800');
    const track = trackOf(declared({ codecId: 'A_AAC', codecPrivate, sampleRateHz: 22050, channels: 2 }), MS);
    assert.deepEqual([track.codecString, track.sampleRateHz, track.channels], ['mp4a.40.5', 44100, 2]);
  });

  it('WAVEFORMATEX tells the law, rate and channels', () => {
    const mulaw = hex('0700 0100 401f0000 401f0000 0100 0800 0000');
    const alaw = hex('0600 0200 803e0000 007d0000 0200 0800');
    const of = (codecPrivate: Uint8Array) => trackOf(declared({ codecId: 'A_MS/ACM', codecPrivate }), MS);
    assert.deepEqual([of(mulaw).codec, of(mulaw).sampleRateHz, of(mulaw).channels], ['pcmu', 8000, 1]);
    assert.deepEqual([of(alaw).codec, of(alaw).sampleRateHz, of(alaw).channels], ['pcma', 16000, 2]);
  });
});

describe('what cannot be understood is kept as data', () => {
  for (const [name, track] of [
    ['an unknown codec', declared({ codecId: 'V_MJPEG', pixelWidth: 640, pixelHeight: 480 })],
    ['subtitles', declared({ codecId: 'S_TEXT/UTF8', type: 17 })],
    ['no codec at all', declared({ codecId: '' })],
    ['H.264 without private data', declared({ codecId: 'V_MPEG4/ISO/AVC' })],
    [
      'H.264 with start codes',
      declared({ codecId: 'V_MPEG4/ISO/AVC', codecPrivate: hex('00000001 6742c01e') }),
    ],
    ['torn private data', declared({ codecId: 'V_MPEGH/ISO/HEVC', codecPrivate: hex('0101') })],
    ['VP8 without a size', declared({ codecId: 'V_VP8' })],
    [
      'another ACM format',
      declared({ codecId: 'A_MS/ACM', codecPrivate: hex('0100 0100 401f0000 803e0000 0200 1000') }),
    ],
    ['a torn ACM format', declared({ codecId: 'A_MS/ACM', codecPrivate: hex('0700') })],
    ['AAC without private data', declared({ codecId: 'A_AAC', sampleRateHz: 48000, channels: 2 })],
    ['AAC of an odd rate', declared({ codecId: 'A_AAC/MPEG4/LC', sampleRateHz: 12345, channels: 2 })],
    ['MP3 without a rate', declared({ codecId: 'A_MPEG/L3' })],
    ['AC-3 of ten channels', declared({ codecId: 'A_AC3', sampleRateHz: 48000, channels: 10 })],
    ['a rate that is none', declared({ codecId: 'A_MPEG/L3', sampleRateHz: Number.NaN })],
  ] as const) {
    it(name, () => {
      assert.deepEqual(trackOf(track, MS), {
        id: 1,
        kind: 'data',
        codec: 'opaque',
        timescale: 1000,
        config: new Uint8Array(0),
        codecString: '',
        contentType: track.codecId,
      });
    });
  }
});
