import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dac3FromFrame, parseAc3Frame, parseDac3 } from '../../../../fragments/media/ac3.ts';
import { buildDfLa, parseDfLa, parseFlacStreamInfo } from '../../../../fragments/media/flac.ts';
import { g711SampleFrames } from '../../../../fragments/media/g711.ts';
import { mp3CodecString, mp3ObjectTypeIndication, parseMp3Header } from '../../../../fragments/media/mp3.ts';
import { bytes, caseOf, casesOf, codecError, hex } from './codec-fixtures.ts';

for (const one of casesOf('mp3')) {
  test(`${one.name}: frame header`, () => {
    const header = parseMp3Header(one.frame);
    assert.equal(header.sampleRateHz, one.sampleRateHz);
    assert.equal(header.channels, one.channels);
    assert.equal(header.frameLength, header.version === 1 ? 1152 : 576);
  });
}

test('MP3 versions, sizes and names', () => {
  const header = (text: string) => parseMp3Header(bytes(text));
  assert.deepEqual(header('fffb9064'), {
    version: 1,
    sampleRateHz: 44100,
    channels: 2,
    frameLength: 1152,
    frameBytes: 417,
  });
  assert.equal(header('fffb9264').frameBytes, 418, 'padding');
  assert.equal(header('fff380c4').version, 2);
  assert.deepEqual([header('ffe348c4').version, header('ffe348c4').sampleRateHz], [2.5, 8000]);
  assert.equal(header('fffb00c4').frameBytes, undefined, 'free format');
  assert.equal(header('fffb90c4').channels, 1);
  assert.equal(mp3CodecString(44100), 'mp4a.6B');
  assert.equal(mp3CodecString(22050), 'mp4a.69');
  assert.equal(mp3ObjectTypeIndication(32000), 0x6b);
});

test('broken MP3 headers are typed errors', () => {
  for (let length = 0; length < 4; length++) {
    assert.throws(() => parseMp3Header(bytes('fffb9064').subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseMp3Header(bytes('49443303')), codecError('invalid'));
  assert.throws(() => parseMp3Header(bytes('fffd9064')), codecError('unsupported')); // layer II
  assert.throws(() => parseMp3Header(bytes('ffeb9064')), codecError('invalid')); // reserved version
  assert.throws(() => parseMp3Header(bytes('fffb9c64')), codecError('invalid')); // reserved rate
  assert.throws(() => parseMp3Header(bytes('fffbf064')), codecError('invalid')); // bad bit rate
});

for (const one of casesOf('flac')) {
  test(`${one.name}: dfLa`, () => {
    const flac = parseDfLa(one.config);
    assert.equal(flac.sampleRateHz, one.sampleRateHz);
    assert.equal(flac.channels, one.channels);
    assert.equal(flac.bitsPerSample, one.name.includes('24') ? 24 : 16);
    const info = one.config.subarray(8, 42);
    assert.deepEqual(parseFlacStreamInfo(info), flac);
    // The box from each form that other containers carry: STREAMINFO, its block, `fLaC` and blocks.
    const block = Buffer.concat([bytes('00000022'), info, bytes('84000000')]);
    for (const header of [info, block, Buffer.concat([Buffer.from('fLaC'), block])]) {
      assert.equal(hex(buildDfLa(header)), `0000000080000022${hex(info)}`);
    }
  });
}

test('broken FLAC headers are typed errors', () => {
  const { config } = caseOf('flac 44100 stereo');
  for (let length = 0; length < 42; length++) {
    assert.throws(() => parseDfLa(config.subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseDfLa(bytes('01000000')), codecError('unsupported'));
  assert.throws(() => parseDfLa(bytes('00000000 84000022')), codecError('invalid'));
  assert.throws(() => buildDfLa(bytes('84000022')), codecError('invalid'));
  assert.throws(() => buildDfLa(new Uint8Array(34)), codecError('invalid')); // rate 0
});

for (const one of casesOf('ac3')) {
  test(`${one.name}: sync frame and dac3`, () => {
    const frame = parseAc3Frame(one.frame);
    assert.equal(frame.sampleRateHz, one.sampleRateHz);
    assert.equal(frame.channels, one.channels);
    assert.equal(hex(dac3FromFrame(one.frame)), hex(one.config));
    assert.deepEqual(parseDac3(one.config), frame);
  });
}

test('broken AC-3 is a typed error', () => {
  const { frame, config } = caseOf('ac3 48000 stereo');
  for (let length = 0; length < 7; length++) {
    assert.throws(() => parseAc3Frame(frame.subarray(0, length)), codecError('truncated'));
  }
  for (let length = 0; length < 3; length++) {
    assert.throws(() => parseDac3(config.subarray(0, length)), codecError('truncated'));
  }
  assert.throws(() => parseAc3Frame(bytes('0b78 0000 1e40 4300')), codecError('invalid'));
  assert.throws(() => parseAc3Frame(bytes('0b77 0000 1e80 4300')), codecError('unsupported')); // bsid 16: E-AC-3
  assert.throws(() => parseAc3Frame(bytes('0b77 0000 de40 4300')), codecError('invalid')); // fscod 3
  assert.throws(() => parseAc3Frame(bytes('0b77 0000 3f40 4300')), codecError('invalid')); // frmsizecod 63
});

test('G.711 sizes', () => {
  assert.equal(g711SampleFrames(160, 1), 160);
  assert.equal(g711SampleFrames(320, 2), 160);
  assert.throws(() => g711SampleFrames(161, 2), codecError('invalid'));
  assert.throws(() => g711SampleFrames(161, 0), codecError('invalid'));
});
