import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  buildHvcC,
  hevcCodecString,
  hevcLengthSize,
  hevcParameterSetsOf,
  hevcPpsId,
  hevcVpsId,
  isHevcSync,
  parseHvcC,
} from '../../../../fragments/media/hevc.ts';
import { hevcSpsId, parseHevcSps } from '../../../../fragments/media/hevc-sps.ts';
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

const CHROMA: Record<string, number> = { gray: 0, '420': 1, '422': 2, '444': 3 };

describe('SPS and hvcC of x265', () => {
  for (const one of casesOf('h265')) {
    test(one.name, () => {
      const hvcC = parseHvcC(one.config);
      const [first] = hvcC.sps;
      assert.ok(first);
      const sps = parseHevcSps(first);
      assert.deepEqual([sps.width, sps.height], [one.width, one.height]);
      assert.equal(sps.levelIdc, one.level);
      assert.equal(sps.reorderFrames, one.reorderFrames);
      const pixels = one.pixels ?? '';
      assert.equal(sps.chromaFormatIdc, CHROMA[pixels] ?? CHROMA[pixels.slice(3, 6)]);
      assert.equal(sps.bitDepthLuma, Number(pixels.match(/(\d+)le/)?.[1] ?? 8));
      assert.equal(hvcC.chromaFormatIdc, sps.chromaFormatIdc);
      assert.equal(hvcC.bitDepthLuma, sps.bitDepthLuma);
      assert.equal(hvcC.bitDepthChroma, sps.bitDepthChroma);
      // mediabunny reads `hvc1` entries as `hev1`; the rest of the string is the config's.
      assert.equal(hevcCodecString(hvcC), one.codecString.replace('hev1', 'hvc1'));
      assert.equal(hevcCodecString(sps), hevcCodecString(hvcC));
      assert.equal(hevcSpsId(first), sps.id);
      assert.equal(hevcLengthSize(one.config), 4);
      assert.equal(hvcC.vps.length, 1);
      assert.equal(hevcVpsId(hvcC.vps[0] ?? bytes('')), 0);
      assert.equal(hevcPpsId(hvcC.pps[0] ?? bytes('')), 0);
      // The VUI was understood to its end: what is left are the extension flag and nothing else.
      const tail = sps.material[1];
      assert.ok(tail);
      assert.ok(tail.endBit - tail.startBit >= 1);
      if (!/422|444|12|grey|intra/.test(one.name)) assert.equal(tail.endBit - tail.startBit, 1);
    });

    test(`${one.name}: hvcC through a round trip`, () => {
      const first = parseHvcC(one.config);
      const built = buildHvcC(first.vps, first.sps, first.pps);
      assert.deepEqual(parseHvcC(Uint8Array.from(built)), first);
      // As ffmpeg writes it, but for the spatial segmentation and parallelism that the encoder may tell, and frame rates.
      assert.equal(hex(built.subarray(0, 13)), hex(one.config.subarray(0, 13)));
      assert.equal(hex(built.subarray(16)), hex(withoutSei(one.config)).slice(32));
    });
  }
});

/** ffmpeg marks arrays and keeps SEI messages; neither says anything of the sets. */
function withoutSei(config: Uint8Array): Uint8Array {
  const parsed = parseHvcC(config);
  const arrays = (
    [
      [32, parsed.vps],
      [33, parsed.sps],
      [34, parsed.pps],
    ] as const
  ).flatMap(([type, nals]) => [
    Uint8Array.of(0x80 | type, 0, nals.length),
    ...nals.flatMap((nal) => [lengthPrefixed([nal], 2)]),
  ]);
  return Buffer.concat([config.subarray(0, 22), Uint8Array.of(3), ...arrays]);
}

test('codec strings of ISO/IEC 14496-15 annex E', () => {
  const profile = {
    profileSpace: 0,
    isHighTier: false,
    profileIdc: 1,
    compatibilityFlags: 0x6000_0000,
    constraintBytes: bytes('b00000000000'),
    levelIdc: 93,
  };
  assert.equal(hevcCodecString(profile), 'hvc1.1.6.L93.B0');
  assert.equal(
    hevcCodecString({ ...profile, profileSpace: 1, profileIdc: 4, compatibilityFlags: 1, isHighTier: true }),
    'hvc1.A4.80000000.H93.B0',
  );
  assert.equal(hevcCodecString({ ...profile, constraintBytes: bytes('000000000000') }), 'hvc1.1.6.L93');
  assert.equal(hevcCodecString({ ...profile, constraintBytes: bytes('900500000000') }), 'hvc1.1.6.L93.90.5');
});

test('an SPS or hvcC cut at any byte is read or refused, never worse', () => {
  for (const one of casesOf('h265')) {
    const [sps] = parseHvcC(one.config).sps;
    assert.ok(sps);
    for (let length = 0; length < sps.length; length++) {
      assert.ok(
        [one.width, 'truncated'].includes(valueOrCode(() => parseHevcSps(sps.subarray(0, length)).width)),
      );
    }
    for (let length = 0; length < one.config.length; length++) {
      assert.throws(() => parseHvcC(one.config.subarray(0, length)), codecError('truncated'));
    }
  }
});

test('what is no SPS of the base layer is refused', () => {
  const [sps] = parseHvcC(caseOf('h265 main').config).sps;
  assert.ok(sps);
  assert.throws(() => parseHevcSps(Buffer.concat([bytes('4401'), sps.subarray(2)])), codecError('invalid'));
  assert.throws(
    () => parseHevcSps(Buffer.concat([bytes('4209'), sps.subarray(2)])),
    codecError('unsupported'),
  );
  assert.throws(() => buildHvcC([], [], []), codecError('invalid'));
  assert.throws(() => buildHvcC([], [sps], [new Uint8Array(70000)]), codecError('unsupported'));
  assert.throws(() => parseHvcC(bytes('02 00')), codecError('unsupported'));
  assert.throws(() => hevcLengthSize(bytes('01')), codecError('truncated'));
});

describe('key frames', () => {
  test('IDR and CRA pictures, as ffmpeg sees them', () => {
    const samples = syncSamples('h265 open gop');
    assert.equal(samples.filter(({ isKey }) => isKey).length, 3);
    assert.deepEqual(
      samples.map(({ sample }) => isHevcSync(sample, 4)),
      samples.map(({ isKey }) => isKey),
    );
  });

  test('behind other units, with any length size, and torn', () => {
    const nals = [bytes('4601 50'), bytes('4001'), bytes('2601 af')];
    for (const size of [1, 2, 3, 4]) assert.equal(isHevcSync(lengthPrefixed(nals, size), size), true);
    assert.equal(isHevcSync(bytes('00000010 2601'), 4), false);
    assert.equal(isHevcSync(bytes(''), 4), false);
  });
});

test('more sets than ids are refused, so that no sample costs more than its bytes', () => {
  const many = lengthPrefixed(Array.from({ length: 97 }, () => bytes('440101')));
  assert.throws(() => hevcParameterSetsOf(many, 4), codecError('unsupported'));
  const head = caseOf('h265 main').config.subarray(0, 22);
  const array = Buffer.concat([
    bytes('01 22 0061'),
    lengthPrefixed(
      Array.from({ length: 97 }, () => bytes('4401')),
      2,
    ),
  ]);
  assert.throws(() => parseHvcC(Buffer.concat([head, array])), codecError('unsupported'));
});

test('parameter sets of a sample are those in front of its first picture', () => {
  const { vps, sps, pps } = parseHvcC(caseOf('h265 main').config);
  const sample = lengthPrefixed([bytes('460150'), ...vps, ...sps, ...pps, bytes('2601af'), bytes('420101')]);
  const found = hevcParameterSetsOf(sample, 4);
  assert.deepEqual(
    [found.vps, found.sps, found.pps].map((sets) => sets.map(hex)),
    [vps, sps, pps].map((sets) => sets.map(hex)),
  );
});
