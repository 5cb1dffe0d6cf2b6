import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  avcCodecString,
  avcLengthSize,
  avcParameterSetsOf,
  avcPpsId,
  buildAvcC,
  isAvcSync,
  parseAvcC,
} from '../../../../fragments/media/avc.ts';
import { avcReorderDepth, avcSpsId, parseAvcSps } from '../../../../fragments/media/avc-sps.ts';
import { BitWriter } from '../../../../fragments/media/bit-writer.ts';
import {
  bytes,
  caseOf,
  casesOf,
  codecError,
  hex,
  lengthPrefixed,
  syncSamples,
  valueOrCode,
} from './codec-fixtures.ts';

const CHROMA: Record<string, number> = { '420': 1, '422': 2, '444': 3 };

describe('SPS and avcC of x264', () => {
  for (const one of casesOf('h264')) {
    test(one.name, () => {
      const avcC = parseAvcC(one.config);
      const [first] = avcC.sps;
      assert.ok(first);
      const sps = parseAvcSps(first);
      const { width, height } = sps;
      assert.deepEqual({ width, height }, { width: one.width, height: one.height });
      assert.equal(sps.levelIdc, one.level);
      assert.equal(avcReorderDepth(sps), one.reorderFrames);
      assert.equal(avcCodecString(sps), one.codecString);
      assert.equal(avcCodecString(avcC), one.codecString);
      const pixels = one.pixels ?? '';
      const chroma = one.name === 'h264 grey' ? 0 : CHROMA[pixels.match(/4\d\d/)?.[0] ?? ''];
      assert.equal(sps.chromaFormatIdc, chroma);
      assert.equal(sps.bitDepthLuma, pixels.includes('10le') ? 10 : 8);
      assert.equal(sps.bitDepthChroma, sps.bitDepthLuma);
      assert.equal(sps.frameMbsOnly, !/1080i|486i/.test(one.name));
      assert.equal(avcSpsId(first), sps.id);
      assert.equal(avcC.lengthSize, 4);
      assert.equal(avcLengthSize(one.config), 4);
      // ffmpeg's muxer and ours write the same record.
      assert.equal(hex(buildAvcC(avcC.sps, avcC.pps)), hex(one.config));
    });
  }
});

/** A main profile SPS made by hand, as far as the VUI flag. */
function spsHead(
  options: { level?: number; widthMbs?: number; heightMbs?: number; profile?: number } = {},
): BitWriter {
  const { level = 31, widthMbs = 80, heightMbs = 45, profile = 77 } = options;
  const writer = new BitWriter().bits(8, 0x67).bits(8, profile).bits(8, 0).bits(8, level);
  ue(writer, 0); // id
  ue(writer, 0); // log2_max_frame_num_minus4
  ue(writer, 0); // pic_order_cnt_type
  ue(writer, 2); // log2_max_pic_order_cnt_lsb_minus4
  ue(writer, 4); // max_num_ref_frames
  writer.flag(false);
  ue(writer, widthMbs - 1);
  ue(writer, heightMbs - 1);
  return writer.flag(true).flag(true).flag(false); // frames only, direct 8x8, no cropping
}

function ue(writer: BitWriter, value: number): void {
  const bits = 32 - Math.clz32(value + 1);
  writer.bits(bits - 1, 0).bits(bits, value + 1);
}

test('without a VUI the reorder depth is what the level allows', () => {
  const depth = (options: Parameters<typeof spsHead>[0]): number =>
    avcReorderDepth(parseAvcSps(spsHead(options).flag(false).flag(true).finish()));
  assert.equal(depth({}), 5); // 18000 / 3600
  assert.equal(depth({ level: 40 }), 9); // 32768 / 3600, 1080p level on 720p
  assert.equal(depth({ level: 41, widthMbs: 120, heightMbs: 68 }), 4);
  assert.equal(depth({ level: 10, widthMbs: 11, heightMbs: 9 }), 4);
  assert.equal(depth({ level: 9, widthMbs: 11, heightMbs: 9 }), 4); // level 1b
  assert.equal(depth({ level: 51, widthMbs: 20, heightMbs: 15 }), 16); // capped
  assert.equal(depth({ level: 255, widthMbs: 20, heightMbs: 15 }), 16);
  assert.equal(depth({ profile: 66 }), 0); // baseline has no B slices
});

test('scaling lists: absent, falling back, ended early and whole', () => {
  for (const chromaFormat of [1, 3]) {
    const writer = new BitWriter().bits(8, 0x67).bits(8, 244).bits(8, 0).bits(8, 30);
    ue(writer, 0);
    ue(writer, chromaFormat);
    if (chromaFormat === 3) writer.flag(false);
    ue(writer, 2);
    ue(writer, 2);
    writer.flag(false).flag(true);
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++) {
      writer.flag(list % 4 !== 0);
      if (list % 4 === 1) ue(writer, 16); // delta -8: next scale 0, the default list
      if (list % 4 === 2) for (const code of [1, 2, 18]) ue(writer, code); // 9, 8, then -9, which is 255
      if (list % 4 === 2) for (let i = 3; i < (list < 6 ? 16 : 64); i++) ue(writer, 0);
      if (list % 4 === 3) for (let i = 0; i < (list < 6 ? 16 : 64); i++) ue(writer, 1);
    }
    for (const value of [0, 2, 1]) ue(writer, value);
    writer.flag(false);
    ue(writer, 19);
    ue(writer, 14);
    const sps = parseAvcSps(writer.flag(true).flag(true).flag(false).flag(false).flag(true).finish());
    assert.deepEqual(
      [sps.width, sps.height, sps.bitDepthLuma, sps.chromaFormatIdc],
      [320, 240, 10, chromaFormat],
    );
  }
});

test('picture order count of type 1 and 2', () => {
  const sps = (poc: (writer: BitWriter) => void): Uint8Array => {
    const writer = new BitWriter().bits(8, 0x67).bits(8, 77).bits(8, 0).bits(8, 30);
    ue(writer, 5);
    ue(writer, 0);
    poc(writer);
    ue(writer, 1);
    writer.flag(false);
    ue(writer, 19);
    ue(writer, 14);
    return writer.flag(true).flag(true).flag(false).flag(false).flag(true).finish();
  };
  const type1 = parseAvcSps(
    sps((writer) => {
      ue(writer, 1);
      writer.flag(false);
      for (const code of [2, 1, 3, 4, 600, 5]) ue(writer, code); // two offsets, a cycle of three
    }),
  );
  assert.deepEqual([type1.id, type1.width, type1.height, type1.reorderFrames], [5, 320, 240, undefined]);
  const type2 = parseAvcSps(sps((writer) => ue(writer, 2)));
  assert.deepEqual([type2.width, type2.height, type2.reorderFrames], [320, 240, 0]);
  assert.throws(() => parseAvcSps(sps((writer) => ue(writer, 3))), codecError('invalid'));
});

test('a VUI that is cut off or contradicts itself counts as absent', () => {
  const cut = spsHead().flag(true).flag(true).finish(); // aspect_ratio_idc is missing
  assert.equal(parseAvcSps(cut).width, 1280);
  assert.equal(parseAvcSps(cut).reorderFrames, undefined);
  const restriction = (reorder: number, buffering: number): Uint8Array => {
    // aspect ratio .. vcl_hrd: seven absent, pic_struct 0, bitstream_restriction 1, motion_vectors 1
    const writer = spsHead().flag(true).bits(7, 0).flag(false).flag(true).flag(true);
    for (const value of [0, 0, 10, 10, reorder, buffering]) ue(writer, value);
    return writer.flag(true).finish();
  };
  assert.equal(avcReorderDepth(parseAvcSps(restriction(2, 4))), 2);
  assert.equal(parseAvcSps(restriction(2, 4)).dpbFrames, 4);
  assert.equal(parseAvcSps(restriction(5, 4)).reorderFrames, undefined);
  assert.equal(avcReorderDepth(parseAvcSps(restriction(200, 300))), 5);
});

test('cropping that leaves nothing is ignored', () => {
  const writer = new BitWriter().bits(8, 0x67).bits(8, 66).bits(8, 0).bits(8, 30);
  for (const value of [0, 0, 2, 1]) ue(writer, value);
  writer.flag(false);
  ue(writer, 19);
  ue(writer, 14);
  writer.flag(true).flag(true).flag(true);
  for (const value of [0, 0, 0, 500]) ue(writer, value);
  const cropped = parseAvcSps(writer.flag(false).flag(true).finish());
  assert.deepEqual([cropped.width, cropped.height], [320, 240]);
});

function caseSps(name: string): Uint8Array {
  const [sps] = parseAvcC(caseOf(name).config).sps;
  assert.ok(sps);
  return sps;
}

test('an SPS cut at any byte is read or refused, never worse', () => {
  for (const one of casesOf('h264')) {
    const sps = caseSps(one.name);
    for (let length = 0; length < sps.length; length++) {
      assert.ok(
        [one.width, 'truncated'].includes(valueOrCode(() => parseAvcSps(sps.subarray(0, length)).width)),
      );
    }
  }
});

test('what is not an SPS is refused', () => {
  assert.throws(() => parseAvcSps(bytes('68 42 c0 0b d9')), codecError('invalid'));
  assert.throws(() => parseAvcSps(bytes('')), codecError('truncated'));
  // pic_width_in_mbs_minus1 far over any level
  assert.throws(() => parseAvcSps(spsHead({ widthMbs: 5000 }).bits(8, 0).finish()), codecError('invalid'));
});

test('avcC keeps sets, lengths and extensions through a round trip', () => {
  const sps = casesOf('h264').map((one) => caseSps(one.name));
  const set = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      fc.subarray(sps, { minLength: 1 }),
      fc.array(set, { maxLength: 5 }),
      fc.array(set, { maxLength: 2 }),
      fc.constantFrom(1, 2, 4),
      (someSps, pps, spsExtensions, lengthSize) => {
        const parsed = parseAvcC(buildAvcC(someSps, pps, { lengthSize, spsExtensions }));
        assert.deepEqual(parsed.sps.map(hex), someSps.map(hex));
        assert.deepEqual(parsed.pps.map(hex), pps.map(hex));
        assert.equal(parsed.lengthSize, lengthSize);
        const isHigh = parseAvcSps(someSps[0] as Uint8Array).profileIdc >= 100;
        assert.deepEqual(parsed.spsExtensions.map(hex), isHigh ? spsExtensions.map(hex) : []);
      },
    ),
  );
});

test('avcC as cameras send it: no high-profile tail, empty sets, trailing bytes', () => {
  const { config } = caseOf('h264 high cropped');
  assert.equal(parseAvcC(config.subarray(0, config.length - 4)).sps.length, 1);
  assert.equal(parseAvcC(Buffer.concat([config, bytes('0000')])).pps.length, 1);
  assert.equal(parseAvcC(bytes('01 4d001f ff e1 0000 00')).sps.length, 0);
});

test('broken avcC is a typed error', () => {
  const { config } = caseOf('h264 main');
  for (let length = 0; length < config.length; length++) {
    assert.throws(() => parseAvcC(config.subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseAvcC(bytes('00000001 67')), codecError('invalid'));
  assert.throws(() => buildAvcC([], []), codecError('invalid'));
  const sps = caseSps('h264 main');
  assert.throws(
    () =>
      buildAvcC(
        Array.from({ length: 32 }, () => sps),
        [],
      ),
    codecError('unsupported'),
  );
  assert.throws(() => buildAvcC([sps], [new Uint8Array(70000)]), codecError('unsupported'));
  assert.throws(() => avcLengthSize(bytes('01')), codecError('truncated'));
});

describe('key frames', () => {
  test('open GOPs: the I pictures that a recovery point names, as ffmpeg sees them', () => {
    const samples = syncSamples('h264 open gop');
    assert.equal(samples.length, 25);
    assert.deepEqual(
      samples.map(({ sample }) => isAvcSync(sample, 4)),
      samples.map(({ isKey }) => isKey),
    );
  });

  test('intra refresh: only the first picture, for the others recover later', () => {
    const samples = syncSamples('h264 intra refresh');
    assert.deepEqual(samples.map(({ sample }) => isAvcSync(sample, 4)).indexOf(true, 1), -1);
    assert.equal(isAvcSync(samples[0]?.sample ?? bytes(''), 4), true);
  });

  test('IDR behind other units, with any length size', () => {
    const nals = [bytes('09f0'), bytes('06 05 01 00 80'), bytes('67 64'), bytes('68'), bytes('65 88')];
    for (const size of [1, 2, 3, 4]) assert.equal(isAvcSync(lengthPrefixed(nals, size), size), true);
    assert.equal(isAvcSync(lengthPrefixed([bytes('09f0'), bytes('41 9a')]), 4), false);
  });

  test('an I picture without a recovery point, and a recovery point on a P picture, are none', () => {
    const iSlice = bytes('41 88'); // first_mb 0, slice_type 7
    const pSlice = bytes('41 9a'); // slice_type 5
    const recovery = bytes('06 05 02 aaaa 06 01 c4 80');
    assert.equal(isAvcSync(lengthPrefixed([iSlice]), 4), false);
    assert.equal(isAvcSync(lengthPrefixed([recovery, pSlice]), 4), false);
    assert.equal(isAvcSync(lengthPrefixed([recovery, iSlice]), 4), true);
  });

  test('torn samples are judged by what is there', () => {
    assert.equal(isAvcSync(bytes('00000002 6588 00000010 41'), 4), true);
    assert.equal(isAvcSync(bytes('00000010 6588'), 4), false);
    assert.equal(isAvcSync(bytes(''), 4), false);
    assert.equal(isAvcSync(lengthPrefixed([bytes('06 06 01 c4 80'), bytes('41')]), 4), false);
  });
});

test('parameter sets of a sample are those in front of its first slice', () => {
  const sps = caseSps('h264 main');
  const sample = lengthPrefixed([
    bytes('09f0'),
    sps,
    bytes('68ee'),
    bytes('68 4e'),
    bytes('6588'),
    bytes('67 00'),
  ]);
  const found = avcParameterSetsOf(sample, 4);
  assert.deepEqual(found.sps.map(hex), [hex(sps)]);
  assert.deepEqual(found.pps.map(hex), ['68ee', '684e']);
  assert.equal(found.sps[0]?.buffer, sample.buffer);
  assert.deepEqual(avcParameterSetsOf(lengthPrefixed([bytes('419a')]), 4), { sps: [], pps: [] });
  const many = lengthPrefixed(Array.from({ length: 289 }, () => bytes('68ee')));
  assert.throws(() => avcParameterSetsOf(many, 4), codecError('unsupported'));
  assert.equal(avcPpsId(bytes('68ee')), 0);
  assert.equal(avcPpsId(bytes('68 4e')), 1);
});
