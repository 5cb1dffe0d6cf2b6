import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildAudioSpecificConfig } from '../../../../fragments/media/aac.ts';
import { parseAv1C } from '../../../../fragments/media/av1.ts';
import { sequenceHeaderObu } from '../../../../fragments/media/av1-obu.ts';
import { buildAvcC, parseAvcC } from '../../../../fragments/media/avc.ts';
import { parseAvcSps } from '../../../../fragments/media/avc-sps.ts';
import { BitReader } from '../../../../fragments/media/bit-reader.ts';
import type { BitSpan } from '../../../../fragments/media/bit-span.ts';
import { BitWriter } from '../../../../fragments/media/bit-writer.ts';
import { isSameDecoder, withInBandParameterSets } from '../../../../fragments/media/decoder-change.ts';
import { describeTrack, type TrackInput } from '../../../../fragments/media/describe-track.ts';
import { buildHvcC, parseHvcC } from '../../../../fragments/media/hevc.ts';
import { parseHevcSps } from '../../../../fragments/media/hevc-sps.ts';
import { buildDOps, parseDOps } from '../../../../fragments/media/opus.ts';
import type { Codec, Track } from '../../../../fragments/media/track.ts';
import { bytes, caseOf, casesOf, codecError, hex, lengthPrefixed } from './codec-fixtures.ts';

function video(codec: Codec, config: Uint8Array, hints: Partial<TrackInput> = {}): Track {
  return describeTrack({ id: 1, kind: 'video', codec, timescale: 90000, config, ...hints });
}

function audio(codec: Codec, config: Uint8Array, hints: Partial<TrackInput> = {}): Track {
  return describeTrack({ id: 2, kind: 'audio', codec, timescale: 48000, config, ...hints });
}

const trackOf = (name: string): Track => video(name.split(' ')[0] as Codec, caseOf(name).config);

/** A NAL unit of spans of bits: trailing bits and emulation prevention added. */
function nalOf(...spans: readonly BitSpan[]): Uint8Array {
  const writer = new BitWriter();
  for (const { bytes: source, startBit, endBit } of spans) {
    const reader = new BitReader(source);
    reader.skip(startBit);
    for (let bit = startBit; bit < endBit; bit++) writer.flag(reader.flag());
  }
  const out: number[] = [];
  for (const byte of writer.flag(true).finish()) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

const bits = (text: string): BitSpan => {
  const writer = new BitWriter();
  for (const bit of text) writer.flag(bit === '1');
  return { bytes: writer.finish(), startBit: 0, endBit: text.length };
};

/** No VUI; and one with nothing but an overscan_info that was not there before. */
const NO_VUI = bits('0');
const OTHER_VUI = bits(`1${'011'}${'0'.repeat(7)}`);
const OTHER_HEVC_VUI = bits(`1${'011'}${'0'.repeat(2)}${'000'}${'0'.repeat(3)}`);

function avcSets(name: string): { sps: Uint8Array; pps: Uint8Array } {
  const { sps, pps } = parseAvcC(caseOf(name).config);
  assert.ok(sps[0] && pps[0]);
  return { sps: sps[0], pps: pps[0] };
}

function hevcSets(name: string): { vps: Uint8Array; sps: Uint8Array; pps: Uint8Array } {
  const { vps, sps, pps } = parseHvcC(caseOf(name).config);
  assert.ok(vps[0] && sps[0] && pps[0]);
  return { vps: vps[0], sps: sps[0], pps: pps[0] };
}

function avcWithVui(sps: Uint8Array, vui: BitSpan): Uint8Array {
  return nalOf(...parseAvcSps(sps).material, vui);
}

function hevcWithVui(sps: Uint8Array, vui: BitSpan): Uint8Array {
  const [before, after] = parseHevcSps(sps).material;
  assert.ok(before && after);
  return nalOf(before, vui, after);
}

/** Encodings that differ in timing, colour and other VUI fields only. */
const ALIKE = [/libaom (8 bit|timing|bt709)/, /libaom (444|rgb)/, /h265 (main$|full vui)/];

test('every encoder setting is another decoder, and the same as itself', () => {
  for (const codec of ['h264', 'h265', 'av1'] as const) {
    const tracks = casesOf(codec).map((one) => video(codec, one.config));
    for (const [i, a] of tracks.entries()) {
      for (const [j, b] of tracks.entries()) {
        const names = [casesOf(codec)[i]?.name, casesOf(codec)[j]?.name];
        const isAlike = i === j || ALIKE.some((alike) => names.every((name) => alike.test(name ?? '')));
        assert.equal(isSameDecoder(a, b), isAlike, names.join(' and '));
      }
    }
  }
});

test('facts outside of the config matter', () => {
  const track = trackOf('h264 main');
  for (const change of [{ id: 2 }, { timescale: 1000 }, { width: 2 }, { codecString: 'avc1.4d4028' }]) {
    assert.equal(isSameDecoder(track, { ...track, ...change }), false);
  }
  const pcm = audio('pcmu', bytes(''));
  assert.equal(isSameDecoder(pcm, audio('pcmu', bytes(''))), true);
  assert.equal(isSameDecoder(pcm, audio('pcmu', bytes(''), { channels: 2 })), false);
  assert.equal(isSameDecoder(pcm, audio('pcma', bytes(''))), false);
});

describe('H.264', () => {
  const { sps, pps } = avcSets('h264 high cropped');
  const track = video('h264', buildAvcC([sps], [pps]));

  test('VUI alone is no change', () => {
    for (const vui of [NO_VUI, OTHER_VUI]) {
      const other = avcWithVui(sps, vui);
      assert.notEqual(hex(other), hex(sps));
      assert.equal(isSameDecoder(track, video('h264', buildAvcC([other], [pps]))), true);
    }
  });

  test('order, repetition, padding and a missing tail of the record are no change', () => {
    const second = bytes('68 4e 01');
    const two = video('h264', buildAvcC([sps], [pps, second]));
    for (const sets of [
      [second, pps],
      [pps, second, pps],
      [second, Buffer.concat([pps, bytes('0000')])],
    ]) {
      assert.equal(isSameDecoder(two, video('h264', buildAvcC([sps, sps], sets))), true);
    }
    assert.equal(isSameDecoder(track, video('h264', track.config.subarray(0, -4))), true);
  });

  test('other PPS content, another set, another length size are changes', () => {
    const otherPps = Uint8Array.from(pps);
    otherPps[otherPps.length - 1] = (otherPps.at(-1) ?? 0) ^ 0x10;
    assert.equal(isSameDecoder(track, video('h264', buildAvcC([sps], [otherPps]))), false);
    assert.equal(isSameDecoder(track, video('h264', buildAvcC([sps], [pps, bytes('684e01')]))), false);
    assert.equal(isSameDecoder(track, video('h264', buildAvcC([sps], [pps], { lengthSize: 2 }))), false);
  });

  test('what cannot be read is the same only when its bytes are', () => {
    const size = { width: 320, height: 180 };
    const broken = (tail: string): Track =>
      video('h264', bytes(`01 640028 ff e1 0005 67640028${tail} 01 0002 68ee`), size);
    assert.equal(isSameDecoder(broken('80'), broken('80')), true);
    assert.equal(isSameDecoder(broken('80'), broken('90')), false);
  });

  test('sets inside a sync sample: none, the same, only other VUI', () => {
    const idr = bytes('6588 8400');
    assert.equal(withInBandParameterSets(track, lengthPrefixed([idr])), undefined);
    assert.equal(withInBandParameterSets(track, lengthPrefixed([sps, pps, idr])), undefined);
    assert.equal(
      withInBandParameterSets(track, lengthPrefixed([avcWithVui(sps, NO_VUI), pps, idr])),
      undefined,
    );
  });

  test('a camera that changes its size in-band, and back', () => {
    const big = avcSets('h264 1080p');
    const idr = bytes('6588 8400');
    const changed = withInBandParameterSets(track, lengthPrefixed([big.sps, big.pps, idr]));
    assert.ok(changed);
    assert.deepEqual([changed.width, changed.height, changed.codecString], [1920, 1080, 'avc1.640028']);
    assert.deepEqual(parseAvcC(changed.config).sps.map(hex), [hex(big.sps)]);
    assert.equal(withInBandParameterSets(changed, lengthPrefixed([big.sps, big.pps, idr])), undefined);
    const back = withInBandParameterSets(changed, lengthPrefixed([sps, pps, idr]));
    assert.ok(back && isSameDecoder(back, track));
  });

  test('sets of other ids are kept beside the new ones, and the new one describes', () => {
    const big = avcSets('h264 1080p');
    const spsOfId1 = nalOf(...withId(big.sps));
    const changed = withInBandParameterSets(track, lengthPrefixed([spsOfId1, bytes('6588')]));
    assert.ok(changed);
    assert.equal(changed.width, 1920);
    assert.deepEqual(parseAvcC(changed.config).sps.map(hex), [hex(spsOfId1), hex(sps)]);
    // Both are known now; the camera going back to the first is still seen.
    const back = withInBandParameterSets(changed, lengthPrefixed([sps, pps, bytes('6588')]));
    assert.equal(back?.width, 322);
  });

  test('the length size of the samples is kept', () => {
    const short = video('h264', buildAvcC([sps], [pps], { lengthSize: 2 }));
    const big = avcSets('h264 1080p');
    const changed = withInBandParameterSets(short, lengthPrefixed([big.sps, big.pps, bytes('6588')], 2));
    assert.equal(parseAvcC(changed?.config ?? bytes('')).lengthSize, 2);
  });

  test('known sets that cannot be read give way to what the samples say', () => {
    const broken = video('h264', bytes('01 640028 ff e1 0004 67640028 01 0001 68'), {
      width: 16,
      height: 16,
    });
    const changed = withInBandParameterSets(broken, lengthPrefixed([sps, pps, bytes('6588')]));
    assert.equal(hex(changed?.config ?? bytes('')), hex(track.config));
    assert.equal(changed?.width, 322);
  });

  test('in-band sets that cannot be read are typed errors', () => {
    assert.throws(
      () => withInBandParameterSets(track, lengthPrefixed([bytes('6764')])),
      codecError('truncated'),
    );
  });
});

/** The SPS with seq_parameter_set_id 1 for 0: `010` in place of `1` behind the 32 fixed bits. */
function withId(sps: Uint8Array): BitSpan[] {
  const [material] = parseAvcSps(sps).material;
  assert.ok(material);
  return [{ ...material, endBit: 32 }, bits('010'), { ...material, startBit: 33 }, NO_VUI];
}

describe('H.265', () => {
  const { vps, sps, pps } = hevcSets('h265 main');
  const track = video('h265', buildHvcC([vps], [sps], [pps]));

  test('VUI and VPS alone are no change', () => {
    for (const vui of [NO_VUI, OTHER_HEVC_VUI]) {
      const other = hevcWithVui(sps, vui);
      assert.notEqual(hex(other), hex(sps));
      assert.equal(parseHevcSps(other).width, 322);
      assert.equal(isSameDecoder(track, video('h265', buildHvcC([bytes('40010c02')], [other], [pps]))), true);
    }
  });

  test('what stands behind the VUI does matter', () => {
    const [before] = parseHevcSps(sps).material;
    assert.ok(before);
    // sps_range_extension with its nine flags off but the last
    const extended = nalOf(before, NO_VUI, bits(`11${'0'.repeat(7)}${'0'.repeat(8)}1`));
    assert.equal(isSameDecoder(track, video('h265', buildHvcC([vps], [extended], [pps]))), false);
  });

  test('other PPS content and another length size are changes', () => {
    assert.equal(isSameDecoder(track, video('h265', buildHvcC([vps], [sps], [bytes('4401c0f2')]))), false);
    assert.equal(
      isSameDecoder(track, video('h265', buildHvcC([vps], [sps], [pps], { lengthSize: 2 }))),
      false,
    );
  });

  test('sets inside a sync sample', () => {
    const big = hevcSets('h265 1080p');
    const idr = bytes('2601af');
    assert.equal(withInBandParameterSets(track, lengthPrefixed([idr])), undefined);
    assert.equal(withInBandParameterSets(track, lengthPrefixed([vps, sps, pps, idr])), undefined);
    assert.equal(
      withInBandParameterSets(track, lengthPrefixed([vps, hevcWithVui(sps, NO_VUI), pps, idr])),
      undefined,
    );
    const changed = withInBandParameterSets(track, lengthPrefixed([big.vps, big.sps, big.pps, idr]));
    assert.ok(changed);
    assert.deepEqual([changed.width, changed.height], [1920, 1080]);
    assert.equal(hex(changed.config), hex(buildHvcC([big.vps], [big.sps], [big.pps])));
    assert.throws(
      () => withInBandParameterSets(track, lengthPrefixed([bytes('420101')])),
      codecError('truncated'),
    );
  });
});

describe('AV1', () => {
  const header = (name: string): Uint8Array => parseAv1C(caseOf(name).config).sequenceHeader ?? bytes('');
  const keyFrame = (name: string): Uint8Array =>
    Buffer.concat([sequenceHeaderObu(header(name)), bytes('3202 1000')]);
  const track = trackOf('av1 libaom 8 bit');

  test('a sequence header inside a sync sample', () => {
    assert.equal(withInBandParameterSets(track, bytes('3202 1000')), undefined);
    assert.equal(withInBandParameterSets(track, keyFrame('av1 libaom 8 bit')), undefined);
    assert.equal(withInBandParameterSets(track, keyFrame('av1 libaom timing info')), undefined);
    const changed = withInBandParameterSets(track, keyFrame('av1 svt 10 bit'));
    assert.equal(changed?.codecString, 'av01.0.00M.10');
    assert.equal(changed.width, 320);
    assert.throws(() => withInBandParameterSets(track, bytes('0a0110')), codecError('truncated'));
  });

  test('a config without a sequence header is the same as one with', () => {
    const size = { width: track.width, height: track.height };
    const bare = video('av1', track.config.subarray(0, 4), size);
    assert.equal(isSameDecoder(bare, track), true);
    assert.equal(withInBandParameterSets(bare, keyFrame('av1 libaom 8 bit')), undefined);
  });
});

describe('VP9 and VP8', () => {
  test('the frame header tells size, profile and depth', () => {
    const small = caseOf('vp9 profile 0');
    const track = video('vp9', small.config, { width: 322, height: 182 });
    assert.equal(withInBandParameterSets(track, small.frame), undefined);
    assert.equal(withInBandParameterSets({ ...track, width: 640 }, small.frame)?.width, 322);
    const deep = withInBandParameterSets(track, caseOf('vp9 profile 2').frame);
    assert.equal(deep?.codecString, 'vp09.02.11.10');
    assert.equal(withInBandParameterSets(track, bytes('8600')), undefined);
    const vp8 = caseOf('vp8 any');
    const vp8Track = video('vp8', small.config, { width: 322, height: 182 });
    assert.equal(withInBandParameterSets(vp8Track, vp8.frame), undefined);
    assert.equal(withInBandParameterSets({ ...vp8Track, height: 1 }, vp8.frame)?.height, 182);
  });

  test('colour and chroma siting are no change', () => {
    const size = { width: 16, height: 16 };
    const track = (record: string): Track => video('vp9', bytes(`01000000${record}`), size);
    assert.equal(isSameDecoder(track('000a820202020000'), track('000a800101010000')), true);
    assert.equal(isSameDecoder(track('010a840202020000'), track('010a860202020000')), false);
  });
});

describe('audio', () => {
  test('AAC: trailing signalling is no change, rate, channels, type and SBR are', () => {
    const track = audio('aac', bytes('1190'));
    assert.equal(isSameDecoder(track, audio('aac', bytes('119056e500'))), true);
    assert.equal(isSameDecoder(track, audio('aac', bytes('1194'))), false);
    for (const change of [{ sampleRateHz: 44100 }, { channelConfiguration: 1 }, { objectType: 1 }]) {
      const aac = { objectType: 2, sampleRateHz: 48000, channelConfiguration: 2, ...change };
      assert.equal(isSameDecoder(track, audio('aac', buildAudioSpecificConfig(aac))), false);
    }
    // Implicitly at 22050 against SBR to 44100.
    assert.equal(isSameDecoder(audio('aac', bytes('1390')), audio('aac', bytes('139056e5a0'))), false);
    assert.equal(withInBandParameterSets(track, bytes('2110')), undefined);
  });

  test('Opus: pre-skip and input rate are no change, gain and mapping are', () => {
    const stereo = parseDOps(caseOf('opus stereo').config);
    const surround = parseDOps(caseOf('opus 5.1').config);
    const same = (a: typeof stereo, change: Partial<typeof stereo>): boolean =>
      isSameDecoder(audio('opus', buildDOps(a)), audio('opus', buildDOps({ ...a, ...change })));
    assert.equal(same(stereo, { preSkip: 0, inputSampleRateHz: 8000 }), true);
    assert.equal(same(stereo, { outputGain: -5 }), false);
    assert.equal(same(surround, { preSkip: 0, mapping: Uint8Array.from(surround.mapping) }), true);
    assert.equal(same(surround, { mapping: surround.mapping.toReversed() }), false);
  });

  test('FLAC: checksum and totals are no change, depth and block size are', () => {
    const { config } = caseOf('flac 44100 stereo');
    const changed = (at: number, mask: number): Track => {
      const other = Uint8Array.from(config);
      other[at] = (other[at] ?? 0) ^ mask;
      return audio('flac', other);
    };
    const track = audio('flac', config);
    assert.equal(isSameDecoder(track, changed(40, 0xff)), true);
    assert.equal(isSameDecoder(track, changed(8 + 13, 0x80)), false);
    assert.equal(isSameDecoder(track, changed(8 + 2, 0x01)), false);
  });

  test('AC-3: the bit rate is no change, channels are', () => {
    const track = audio('ac3', bytes('10 3d c0'));
    assert.equal(isSameDecoder(track, audio('ac3', bytes('10 3d e0'))), true);
    assert.equal(isSameDecoder(track, audio('ac3', bytes('10 35 c0'))), false);
    assert.equal(isSameDecoder(audio('mp3', bytes(''), { sampleRateHz: 44100 }), track), false);
  });
});

test('opaque data is compared byte for byte', () => {
  const data = (config: string): Track =>
    describeTrack({ id: 3, kind: 'data', codec: 'opaque', timescale: 1000, config: bytes(config) });
  assert.equal(isSameDecoder(data('01'), data('01')), true);
  assert.equal(isSameDecoder(data('01'), data('02')), false);
});
