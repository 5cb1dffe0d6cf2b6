import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  AAC_SAMPLE_RATES,
  aacCodecString,
  buildAudioSpecificConfig,
  parseAudioSpecificConfig,
} from '../../../../fragments/media/aac.ts';
import { adtsConfig, isAdts, parseAdtsHeader, stripAdts } from '../../../../fragments/media/adts.ts';
import { BitWriter } from '../../../../fragments/media/bit-writer.ts';
import { adtsOf, bytes, casesOf, codecError, hex, valueOrCode } from './codec-fixtures.ts';

describe('AudioSpecificConfig and ADTS of ffmpeg', () => {
  for (const one of casesOf('aac')) {
    test(one.name, () => {
      const aac = parseAudioSpecificConfig(one.config);
      assert.equal(aac.outputSampleRateHz, one.sampleRateHz);
      assert.equal(aac.coreSampleRateHz, one.sampleRateHz);
      assert.equal(aac.channels, one.channels);
      assert.equal(aac.frameLength, 1024);
      assert.deepEqual([aac.hasSbr, aac.hasPs], [false, false]);
      assert.equal(aacCodecString(aac), one.codecString);

      const header = parseAdtsHeader(adtsOf(one.name));
      assert.equal(header.headerBytes, 7);
      // The config of the MP4 goes on with an explicit "no SBR".
      assert.equal(hex(adtsConfig(header)), hex(one.config.subarray(0, 2)));
    });
  }
});

test('rates with an index and without, of every object type', () => {
  const rates = fc.oneof(fc.constantFrom(...AAC_SAMPLE_RATES), fc.integer({ min: 1, max: 0xff_ffff }));
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3, 4),
      rates,
      fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 11, 12),
      (objectType, sampleRateHz, channelConfiguration) => {
        const aac = parseAudioSpecificConfig(
          buildAudioSpecificConfig({ objectType, sampleRateHz, channelConfiguration }),
        );
        assert.equal(aac.objectType, objectType);
        assert.equal(aac.outputSampleRateHz, sampleRateHz);
        assert.equal(aac.channelConfiguration, channelConfiguration);
      },
    ),
  );
  const { outputSampleRateHz, signalledObjectType } = parseAudioSpecificConfig(
    buildAudioSpecificConfig({ objectType: 42, sampleRateHz: 48000, channelConfiguration: 2 }),
  );
  assert.deepEqual([outputSampleRateHz, signalledObjectType], [48000, 42]);
  assert.throws(
    () => buildAudioSpecificConfig({ objectType: 2, sampleRateHz: 48000, channelConfiguration: 0 }),
    codecError('unsupported'),
  );
});

test('SBR and PS, signalled each way', () => {
  const facts = (config: string): unknown[] => {
    const aac = parseAudioSpecificConfig(bytes(config));
    const { coreSampleRateHz, outputSampleRateHz, channels, hasSbr, hasPs, frameLength } = aac;
    return [aacCodecString(aac), coreSampleRateHz, outputSampleRateHz, channels, hasSbr, hasPs, frameLength];
  };
  assert.deepEqual(facts('2b920800'), ['mp4a.40.5', 22050, 44100, 2, true, false, 2048]);
  assert.deepEqual(facts('eb8a0800'), ['mp4a.40.29', 22050, 44100, 2, true, true, 2048]);
  // Backward compatible: the core first, SBR behind the sync extension, PS behind that.
  assert.deepEqual(facts('1390 56e5a0'), ['mp4a.40.2', 22050, 44100, 2, true, false, 2048]);
  assert.deepEqual(facts('1388 56e5a54880'), ['mp4a.40.2', 22050, 44100, 2, true, true, 2048]);
  assert.deepEqual(facts('1210 56e500'), ['mp4a.40.2', 44100, 44100, 2, false, false, 1024]);
  // Downsampled SBR keeps the rate.
  assert.deepEqual(facts('2a120800').slice(1), [44100, 44100, 2, true, false, 1024]);
});

test('frames of 960 samples, low delay, a rate of its own', () => {
  assert.equal(parseAudioSpecificConfig(bytes('1194')).frameLength, 960);
  const lowDelay = new BitWriter().bits(5, 23).bits(4, 3).bits(4, 1).bits(3, 4).bits(2, 0).finish();
  assert.equal(parseAudioSpecificConfig(lowDelay).frameLength, 480);
  const eld = new BitWriter()
    .bits(5, 31)
    .bits(6, 39 - 32)
    .bits(4, 3)
    .bits(4, 1)
    .bits(8, 0)
    .finish();
  const parsed = parseAudioSpecificConfig(eld);
  assert.deepEqual([parsed.frameLength, aacCodecString(parsed)], [512, 'mp4a.40.39']);
});

test('channel configuration 0 counts the program config element', () => {
  // 3 front (one pair), 1 side pair, 1 back single, 1 LFE
  const pce = new BitWriter().bits(5, 2).bits(4, 3).bits(4, 0).bits(3, 0);
  pce.bits(4, 0).bits(2, 1).bits(4, 3).bits(4, 2).bits(4, 1).bits(4, 1).bits(2, 1).bits(3, 0).bits(4, 0);
  pce.flag(true).bits(4, 0).flag(false).flag(true).bits(3, 0);
  for (const isPair of [false, true, true, false]) pce.flag(isPair).bits(4, 0);
  const aac = parseAudioSpecificConfig(pce.bits(4, 0).finish());
  assert.equal(aac.channels, 1 + 2 + 2 + 1 + 1);
  // Without it the channels stay unknown, and that is for the caller to judge.
  assert.equal(parseAudioSpecificConfig(bytes('1180')).channels, 0);
});

test('broken configs are typed errors', () => {
  assert.throws(() => parseAudioSpecificConfig(bytes('')), codecError('truncated'));
  assert.throws(() => parseAudioSpecificConfig(bytes('11')), codecError('truncated'));
  assert.throws(() => parseAudioSpecificConfig(bytes('0000')), codecError('invalid'));
  assert.throws(() => parseAudioSpecificConfig(bytes('1690')), codecError('invalid')); // index 13
  assert.throws(() => parseAudioSpecificConfig(bytes('1780000010')), codecError('invalid')); // rate 0
});

test('ADTS frames are stripped, with and without CRC', () => {
  const plain = bytes('fff1 4c80 015f fc aabbcc');
  const withCrc = bytes('fff0 4c80 019f fc 1234 aabbcc');
  assert.equal(isAdts(plain), true);
  assert.equal(isAdts(bytes('2110 05 00 00 00 00')), false);
  assert.equal(isAdts(bytes('fff1')), false);
  const stream = Buffer.concat([plain, withCrc]);
  assert.deepEqual(stripAdts(stream).map(hex), ['aabbcc', 'aabbcc']);
  assert.equal(parseAdtsHeader(stream, plain.length).headerBytes, 9);
  assert.throws(() => stripAdts(stream.subarray(0, -1)), codecError('truncated'));
  assert.throws(() => stripAdts(bytes('fff1 4c80 015f fd aabbcc')), codecError('unsupported'));
});

test('broken ADTS headers are typed errors', () => {
  const header = bytes('fff1 4c80 00ff fc');
  for (let length = 0; length < 7; length++) {
    assert.equal(
      valueOrCode(() => parseAdtsHeader(header, 7 - length)),
      'truncated',
    );
  }
  assert.throws(() => parseAdtsHeader(bytes('fef1 4c80 00ff fc')), codecError('invalid'));
  assert.throws(() => parseAdtsHeader(bytes('fff1 7480 00ff fc')), codecError('invalid')); // rate index 13
  assert.throws(() => parseAdtsHeader(bytes('fff1 4c80 003f fc')), codecError('invalid')); // 1 byte long
});
