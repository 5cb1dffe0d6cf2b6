import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFile, type ISOFile, type MP4BoxBuffer } from 'mp4box';
import { readInitSegment, writeInitSegment } from '../../../../fragments/cmaf/init-segment.ts';
import { Mp4Error } from '../../../../fragments/cmaf/mp4-error.ts';
import {
  MAX_PRODUCER_HEADER_BYTES,
  producerHeaderOf,
  withProducerHeader,
} from '../../../../fragments/stream/producer-header.ts';
import { AUDIO, VIDEO } from './media.ts';

const init = writeInitSegment([VIDEO, AUDIO]);
const header = Buffer.from('1a45dfa3a3428681014282886d6174726f736b61', 'hex');

test('an init segment gives back the header that was put into it, and its tracks as before', () => {
  const grown = withProducerHeader(init, header);
  assert.deepEqual(producerHeaderOf(grown), header);
  assert.deepEqual(readInitSegment(grown), readInitSegment(init));
  assert.equal(producerHeaderOf(withProducerHeader(init, new Uint8Array()))?.length, 0);
  assert.equal(producerHeaderOf(init), undefined);
});

test('ffprobe and mp4box read the tracks of such an init segment', () => {
  const grown = withProducerHeader(init, header);
  const folder = mkdtempSync(join(tmpdir(), 'framelog-producer-header-'));
  try {
    const file = join(folder, 'init.mp4');
    writeFileSync(file, grown);
    const probed = execFileSync(
      'ffprobe',
      ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', file],
      { encoding: 'utf8' },
    );
    assert.deepEqual(probed.trim().split(/\s+/), ['vp8', 'pcm_mulaw']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const parsed: ISOFile = createFile();
  const bytes = Uint8Array.from(grown).buffer as MP4BoxBuffer;
  bytes.fileStart = 0;
  parsed.appendBuffer(bytes);
  assert.equal(parsed.getInfo().tracks.length, 2);
});

test('headers have a bound, and damaged boxes are told as such', () => {
  assert.throws(
    () => withProducerHeader(init, new Uint8Array(MAX_PRODUCER_HEADER_BYTES + 1)),
    (error) => error instanceof Mp4Error && error.code === 'limit-exceeded',
  );
  assert.throws(() => producerHeaderOf(withProducerHeader(init, header).subarray(0, -3)), Mp4Error);
});
