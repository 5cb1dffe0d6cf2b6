import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import type { Track } from '../../../../../fragments/media/track.ts';
import { SessionError } from '../../../../../server/playback/session/session-error.ts';
import { sessionTracks } from '../../../../../server/playback/session/session-tracks.ts';
import { AUDIO as PCMU, VIDEO as VP8 } from '../../../fragments/stream/media.ts';

const AVC = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: Buffer.from('0142c01effe000', 'hex'),
  width: 640,
  height: 360,
});
const AAC = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 48_000,
  config: Buffer.from('1190', 'hex'),
});
const OPUS: Track = { ...AAC, codec: 'opus', codecString: 'opus', config: Buffer.alloc(11) };
const DATA: Track = { ...AAC, id: 3, kind: 'data', codec: 'opaque', contentType: 'application/json' };

const HLS = { protocol: 'hls', container: 'mp4' } as const;
const TS = { protocol: 'hls', container: 'ts' } as const;
const DASH = { protocol: 'dash', container: 'mp4' } as const;
const NONE = () => undefined;

function refused(
  tracks: readonly Track[],
  by: typeof HLS | typeof TS | typeof DASH,
  code: string,
  privateData = NONE as (track: Track) => Uint8Array | undefined,
): void {
  assert.throws(
    () => sessionTracks(tracks, by, privateData),
    (error) => error instanceof SessionError && error.code === code,
  );
}

test('the first video and the first audio are played, video first, data never', () => {
  const both = [
    { id: 1, codec: 'h264' },
    { id: 2, codec: 'aac' },
  ];
  assert.deepEqual(sessionTracks([AAC, DATA, AVC, { ...AVC, id: 7 }], HLS, NONE), both);
  assert.deepEqual(sessionTracks([AVC, AAC], TS, NONE), both);
  assert.deepEqual(sessionTracks([{ ...AAC, id: 1 }], HLS, NONE), [{ id: 1, codec: 'aac' }]);
});

test('each way of playing has its codecs', () => {
  assert.equal(sessionTracks([AVC, OPUS], HLS, NONE).length, 2);
  assert.equal(sessionTracks([AVC, PCMU], DASH, NONE).length, 2);
  const unsupported = 'UnsupportedStreamMediaTypeException';
  refused([AVC, PCMU], HLS, unsupported);
  refused([AVC, OPUS], TS, unsupported);
  refused([VP8, AAC], HLS, unsupported);
  refused([VP8], DASH, unsupported);
  refused([AVC, { ...AAC, config: Buffer.from('1180', 'hex') }], TS, unsupported);
  refused([DATA], HLS, unsupported);
  refused([], DASH, unsupported);
});

test('a track without readable codec private data is named as such', () => {
  const opaque: Track = { ...DATA, id: 1, contentType: 'V_MPEG4/ISO/AVC' };
  refused([opaque, AAC], HLS, 'MissingCodecPrivateDataException');
  refused([opaque], HLS, 'MissingCodecPrivateDataException', () => new Uint8Array(0));
  refused([opaque], DASH, 'InvalidCodecPrivateDataException', () => Buffer.from('beef', 'hex'));
  refused([{ ...opaque, contentType: 'V_UNKNOWN' }], HLS, 'UnsupportedStreamMediaTypeException');
});
