import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BitWriter } from '../../../../fragments/media/bit-writer.ts';
import { hevcSpsId, parseHevcSps } from '../../../../fragments/media/hevc-sps.ts';
import { bytes, codecError, hex, valueOrCode } from './codec-fixtures.ts';

/**
 * An SPS with every optional part of the syntax, which no encoder at hand writes: sub-layers, scaling lists, PCM,
 * predicted reference picture sets, long-term pictures, VUI with sub-picture HRD, an extension. Its bytes were read
 * field by field by ffmpeg's `trace_headers`.
 */
class SpsWriter extends BitWriter {
  ue(...values: readonly number[]): this {
    for (const value of values) {
      const count = 32 - Math.clz32(value + 1);
      this.bits(count - 1, 0).bits(count, value + 1);
    }
    return this;
  }

  flags(text: string): this {
    for (const bit of text) this.flag(bit === '1');
    return this;
  }
}

interface Options {
  readonly hasVui: boolean;
  readonly hasExtension: boolean;
}

function writeSps({ hasVui, hasExtension }: Options): Uint8Array {
  const sps = new SpsWriter().bits(16, 0x4201).bits(4, 0).bits(3, 2).flags('1');
  sps.bits(8, 4).bits(32, 0x0800_0000).bits(32, 0x9000_0000).bits(16, 0).bits(8, 120);
  // Two sub-layers: one with profile and level, one with neither; six reserved pairs.
  sps.flags('11').flags('00').bits(12, 0);
  sps.bits(8, 4).bits(32, 0x0800_0000).bits(32, 0x9000_0000).bits(16, 0).bits(8, 93);
  sps.ue(3, 3).flags('0').ue(1928, 1088).flags('1').ue(4, 4, 4, 4); // id, 4:4:4, window
  sps.ue(2, 2, 4).flags('1').ue(1, 0, 0).ue(3, 1, 0).ue(4, 2, 0); // depths, POC bits, buffering a layer
  sps.ue(0, 3, 0, 3, 1, 1);
  sps.flags('1').flags('1'); // scaling lists, coded
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (matrixId % 2 === 1) {
        sps.flags('0').ue(matrixId === 3 && sizeId === 3 ? 1 : 0);
        continue;
      }
      sps.flags('1');
      if (sizeId > 1) sps.ue(2);
      for (let i = 0; i < Math.min(64, 1 << (4 + 2 * sizeId)); i++) sps.ue(i % 3);
    }
  }
  sps.flags('11').flags('1').bits(4, 7).bits(4, 7).ue(0, 0).flags('0'); // AMP, SAO, PCM
  sps.ue(3); // three reference picture sets
  sps.ue(2, 1).ue(0).flags('1').ue(1).flags('1').ue(0).flags('1');
  // Predicted from the first (-1 -3 +1) moved by +1: 0 falls away, -2 is kept, +2 is not, the picture itself is.
  sps.flags('1').flags('0').ue(0).flags('1').flags('01').flags('00').flags('1');
  // Predicted from the second (-2 +1): three flags.
  sps.flags('1').flags('1').ue(1).flags('1').flags('1').flags('1');
  sps.flags('1').ue(2).bits(8, 7).flags('1').bits(8, 9).flags('0'); // two long-term pictures
  sps.flags('11');
  sps.flags(hasVui ? '1' : '0');
  if (hasVui) writeVui(sps);
  if (hasExtension) sps.flags('1').flags('1000').bits(4, 0).flags('000000001');
  else sps.flags('0');
  return escaped(sps.flags('1').finish());
}

function writeVui(sps: SpsWriter): void {
  sps.flags('1').bits(8, 255).bits(16, 4).bits(16, 3).flags('11');
  sps.flags('1').bits(3, 5).flags('0').flags('1').bits(24, 0x010101);
  sps.flags('1').ue(2, 2).flags('001').flags('1').ue(1, 1, 1, 1);
  sps.flags('1').bits(32, 1001).bits(32, 60000).flags('1').ue(0).flags('1');
  sps.flags('11').flags('1').bits(8, 98).bits(5, 4).flags('1').bits(5, 6); // NAL and VCL HRD, sub-pictures
  sps.bits(4, 1).bits(4, 2).bits(4, 3).bits(5, 23).bits(5, 23).bits(5, 23);
  const buffers = (count: number): void => {
    for (let i = 0; i < count; i++) sps.ue(100, 200, 300, 400).flags('1');
  };
  sps.flags('1').ue(0).ue(1); // fixed rate, two buffers, for NAL and VCL each
  buffers(4);
  sps.flags('00').flags('1'); // not fixed, low delay: one buffer
  buffers(2);
  sps.flags('01').ue(3).ue(0); // fixed within the sequence
  buffers(2);
  sps.flags('1').flags('111').ue(0, 2, 1, 15, 15);
}

function escaped(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of data) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

test('every optional part of the syntax is understood', () => {
  for (const hasVui of [true, false]) {
    for (const hasExtension of [true, false]) {
      const nal = writeSps({ hasVui, hasExtension });
      const { material, constraintBytes, ...sps } = parseHevcSps(nal);
      assert.deepEqual(sps, {
        profileSpace: 0,
        isHighTier: false,
        profileIdc: 4,
        compatibilityFlags: 0x0800_0000,
        levelIdc: 120,
        id: 3,
        temporalLayers: 3,
        isTemporalIdNested: true,
        chromaFormatIdc: 3,
        bitDepthLuma: 10,
        bitDepthChroma: 10,
        width: 1920,
        height: 1080,
        reorderFrames: 2,
      });
      assert.equal(hex(constraintBytes), '900000000000');
      assert.equal(hevcSpsId(nal), 3);
      const [, tail] = material;
      assert.ok(tail);
      assert.equal(tail.endBit - tail.startBit, hasExtension ? 18 : 1);
    }
  }
});

test('cut at any byte it is read or refused, never worse', () => {
  const nal = writeSps({ hasVui: true, hasExtension: true });
  for (let length = 0; length < nal.length; length++) {
    const result = valueOrCode(() => parseHevcSps(nal.subarray(0, length)).width);
    assert.ok(result === 1920 || result === 'truncated');
  }
});

test('a reserved number of sub-layers is refused', () => {
  assert.throws(() => parseHevcSps(bytes('4201 0e')), codecError('invalid'));
});
