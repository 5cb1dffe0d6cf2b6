import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MatroskaReader } from '../../../../fragments/matroska/matroska-reader.ts';
import {
  clusterHead,
  documentHeader,
  simpleBlockHead,
  tagsElement,
} from '../../../../fragments/matroska/matroska-writer.ts';
import { tracksOf } from '../../../../fragments/matroska/tracks-of.ts';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import type { Codec, Track } from '../../../../fragments/media/track.ts';
import { casesOf } from '../media/codec-fixtures.ts';
import { hex } from './ebml-bytes.ts';

/** The tracks that our own reader finds behind a header. */
function readBack(header: Uint8Array): Track[] {
  const reader = new MatroskaReader();
  for (const event of reader.push(Buffer.concat([header, clusterHead(0)]))) {
    if (event.type !== 'header') continue;
    assert.deepEqual(Buffer.from(event.header), Buffer.from(header));
    return tracksOf(event.tracks, event.timecodeScaleNs);
  }
  throw new Error('no header was read');
}

const VIDEO: readonly Codec[] = ['h264', 'h265', 'av1', 'vp9'];
const AUDIO: readonly Codec[] = ['aac', 'opus', 'mp3', 'flac'];

describe('tracks, written and read', () => {
  for (const codec of [...VIDEO, ...AUDIO]) {
    for (const one of casesOf(codec)) {
      it(one.name, () => {
        const { config, width, height, sampleRateHz, channels } = one;
        const kind = VIDEO.includes(codec) ? 'video' : 'audio';
        const hints = { width, height, sampleRateHz, channels };
        const track = describeTrack({ id: 3, kind, codec, timescale: 1000, config, ...hints });
        const [back] = readBack(documentHeader([track]));
        // Matroska has no place for VP9's colours, and none of its own for FLAC's other blocks.
        const { config: backConfig, ...rest } = back ?? {};
        const { config: trackConfig, ...expected } = track;
        assert.deepEqual(rest, expected);
        if (codec === 'vp9') assert.deepEqual(backConfig?.subarray(0, 6), trackConfig.subarray(0, 6));
        else assert.deepEqual(Buffer.from(backConfig ?? []), Buffer.from(trackConfig));
      });
    }
  }

  it('G.711, VP8 and AC-3', () => {
    const g711 = {
      kind: 'audio',
      timescale: 1000,
      config: new Uint8Array(0),
      sampleRateHz: 8000,
      channels: 1,
    } as const;
    const tracks = [
      describeTrack({ ...g711, id: 1, codec: 'pcmu' }),
      describeTrack({ ...g711, id: 2, codec: 'pcma', sampleRateHz: 16000, channels: 2 }),
    ];
    assert.deepEqual(readBack(documentHeader(tracks)), tracks);
    const [ac3] = casesOf('ac3');
    assert.ok(ac3);
    const track = describeTrack({ id: 1, kind: 'audio', codec: 'ac3', timescale: 1000, config: ac3.config });
    const { config: _config, ...expected } = track;
    const { config: _other, ...rest } = readBack(documentHeader([track]))[0] ?? {};
    assert.deepEqual(rest, expected);
  });

  it('data tracks keep what they are', () => {
    const data = { kind: 'data', codec: 'opaque', timescale: 1000, config: new Uint8Array(0) } as const;
    const tracks = [
      describeTrack({ ...data, id: 1, contentType: 'S_TEXT/UTF8' }),
      describeTrack({ ...data, id: 2, contentType: 'application/json' }),
      describeTrack({ ...data, id: 300 }),
    ];
    assert.deepEqual(
      readBack(documentHeader(tracks)).map(({ id, kind, contentType }) => ({ id, kind, contentType })),
      [
        { id: 1, kind: 'data', contentType: 'S_TEXT/UTF8' },
        { id: 2, kind: 'data', contentType: 'D_application/json' },
        { id: 300, kind: 'data', contentType: 'D_application/octet-stream' },
      ],
    );
  });

  it('the same input gives the same bytes', () => {
    const track = describeTrack({
      id: 1,
      kind: 'audio',
      codec: 'pcmu',
      timescale: 1000,
      config: new Uint8Array(0),
    });
    assert.deepEqual(documentHeader([track]), documentHeader([track]));
  });
});

describe('clusters and blocks', () => {
  it('of known and unknown size', () => {
    assert.deepEqual(Buffer.from(clusterHead(0)), hex('1f43b675 01ffffffffffffff e78100'));
    assert.deepEqual(
      Buffer.from(clusterHead(1_511_852_108_801, 1000)),
      hex('1f43b675 43f0 e786 016001686c01'),
    );
    assert.throws(() => clusterHead(-1), RangeError);
  });

  it('of all times, tracks and flags', () => {
    assert.deepEqual(Buffer.from(simpleBlockHead(1, 0, true, 5)), hex('a3 89 81 0000 80'));
    assert.deepEqual(Buffer.from(simpleBlockHead(127, -2, false, 5)), hex('a3 8a 407f fffe 00'));
    const flags = { isInvisible: true, isDiscardable: true };
    assert.deepEqual(Buffer.from(simpleBlockHead(2, 32767, false, 200, flags)), hex('a3 40cc 82 7fff 09'));
    assert.throws(() => simpleBlockHead(1, 32768, true, 1), RangeError);
    assert.throws(() => simpleBlockHead(1, -32769, true, 1), RangeError);
    assert.throws(() => simpleBlockHead(0, 0, true, 1), RangeError);
  });

  it('are read as they were written', () => {
    const track = describeTrack({
      id: 5,
      kind: 'data',
      codec: 'opaque',
      timescale: 1000,
      config: new Uint8Array(0),
    });
    const flags = { isInvisible: true, isDiscardable: true };
    const block = Buffer.concat([simpleBlockHead(5, -7, true, 3, flags), hex('aabbcc')]);
    const reader = new MatroskaReader();
    const bytes = Buffer.concat([documentHeader([track], 500_000), clusterHead(10, block.length), block]);
    assert.deepEqual([...reader.push(bytes)].slice(2), [
      { type: 'cluster-begins' },
      { type: 'cluster', timecode: 10 },
      {
        type: 'frame',
        trackNumber: 5,
        timecode: 3,
        isKey: true,
        isInvisible: true,
        isDiscardable: true,
        durationTicks: undefined,
        data: hex('aabbcc'),
      },
      { type: 'cluster-ends', isSized: true },
    ]);
  });
});

it('tags have sizes of four bytes, one Tag, no targets', () => {
  assert.deepEqual(
    Buffer.from(
      tagsElement([
        { name: 'A', value: '1' },
        { name: 'B', value: 'ü' },
      ]),
    ),
    hex(
      `1254c367 1000002f 7373 10000029
         67c8 1000000e 45a3 10000001 41 4487 10000001 31
         67c8 1000000f 45a3 10000001 42 4487 10000002 c3bc`.replaceAll('\n', ''),
    ),
  );
});
