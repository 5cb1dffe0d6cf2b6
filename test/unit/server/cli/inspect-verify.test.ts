import assert from 'node:assert/strict';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DataDirLock } from '../../../../server/catalog/data-dir-lock.ts';
import { framelog } from './support/framelog.ts';
import { Serving } from './support/serving.ts';

const CLIP = fileURLToPath(new URL('../../../../samples/demo.mp4', import.meta.url));

/** A data folder as a server left it, and a copy for each test. */
let original: Serving;
let data: string;
let file: string;

before(async () => {
  original = await Serving.start('serve', ['--open']);
  const url = `rtmp://127.0.0.1:${original.listening.rtmp.port}/live/cam`;
  const pushed = await framelog(['push', CLIP, url, '--speed', 'max']);
  assert.equal(pushed.status, 0, pushed.stderr);
  assert.deepEqual(await original.stop(), [0, null]);
});

after(() => original.dispose());

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'framelog-verify-'));
  cpSync(original.data, data, { recursive: true });
  const folder = join(data, 'streams', 'cam');
  file = join(folder, readdirSync(folder).find((name) => name.endsWith('.mp4')) ?? '');
});

afterEach(() => rmSync(data, { recursive: true }));

/** Flips a bit in the middle of the file: in the media of some fragment. */
function damage(): void {
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe('framelog inspect', () => {
  it('tells tracks, boxes and fragments of a good file', async () => {
    const { status, stdout } = await framelog(['inspect', file, '--boxes']);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^tracks {2}video avc1\.\w{6} 640x360; audio mp4a\.40\.2 48000 Hz 1 channels$/m);
    assert.match(stdout, /^checks {2}all good$/m);
    assert.match(stdout, /^0 +\d{47} +\d{4}-\d\d-\d\dT[\d:.]+Z +\d+\.\d{3} +\d+ +1 +0 +starts run$/m);
    assert.match(stdout, /^0 +\d+ +ftyp$/m);
  });

  it('answers programs in JSON', async () => {
    const { status, stdout } = await framelog(['inspect', file, '--json']);
    assert.equal(status, 0);
    const answer = JSON.parse(stdout);
    assert.deepEqual(answer.problems, []);
    assert.equal(answer.index, 'equal');
    assert.equal(answer.sizeBytes, statSync(file).size);
    assert.deepEqual(
      answer.tracks.map(({ codec }: { codec: string }) => codec),
      ['h264', 'aac'],
    );
    const ordinals = answer.fragments.map(({ ordinal }: { ordinal: number }) => ordinal);
    assert.deepEqual(ordinals, [...ordinals.keys()]);
    assert.ok(ordinals.length > 2);
  });

  it('finds damage, a torn tail and an index that does not fit, with status 1', async () => {
    damage();
    const damaged = await framelog(['inspect', file]);
    assert.equal(damaged.status, 1);
    assert.match(damaged.stdout, /^checks {2}bytes \d+ to \d+: .*checksum/m);
    assert.match(damaged.stdout, /the index beside it does not say what the file says/);

    truncateSync(file, statSync(file).size - 10);
    assert.match((await framelog(['inspect', file])).stdout, /torn tail, bytes \d+ to \d+/);
  });

  it('says when a file is none of ours', async () => {
    const other = await framelog(['inspect', CLIP]);
    assert.equal(other.status, 1);
    assert.match(other.stdout, /no fragment of Framelog is in it/);
    const missing = await framelog(['inspect', join(data, 'missing.mp4')]);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /framelog: .*ENOENT/);
  });
});

describe('framelog verify', () => {
  it('finds nothing wrong with what a server left', async () => {
    const { status, stdout, stderr } = await framelog(['verify', data]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^1 streams, 1 files, \d+ fragments, \d+ bytes: all good\n$/);
    assert.equal(JSON.parse((await framelog(['verify', data, '--json'])).stdout).isGood, true);
    assert.equal((await framelog(['verify', data, '--stream', 'cam'])).status, 0);
  });

  it('mends a torn tail and indexes with --repair only', async () => {
    const sizeBytes = statSync(file).size;
    truncateSync(file, sizeBytes - 10);
    const looked = await framelog(['verify', data]);
    assert.equal(looked.status, 1);
    assert.match(looked.stdout, /cam\/\d+\.mp4: torn-tail: /);
    assert.match(looked.stdout, /framelog verify --repair/);
    assert.equal(statSync(file).size, sizeBytes - 10, 'looking changes nothing');

    const mended = await framelog(['verify', data, '--repair']);
    assert.equal(mended.status, 0, mended.stdout);
    assert.match(mended.stdout, /problems, all repaired\n$/);
    assert.match((await framelog(['verify', data])).stdout, /all good\n$/);
  });

  it('cannot mend lost media, and says so with status 1', async () => {
    damage();
    const { status, stdout } = await framelog(['verify', data, '--repair']);
    assert.equal(status, 1);
    assert.match(stdout, /cam\/\d+\.mp4: damaged: bytes \d+ to \d+/);
  });

  it('leaves a folder alone that a server works on, but may look', async () => {
    const lock = DataDirLock.acquire(data);
    try {
      const repair = await framelog(['verify', data, '--repair']);
      assert.equal(repair.status, 1);
      assert.match(repair.stderr, /another server is running/);
      const look = await framelog(['verify', data]);
      assert.equal(look.status, 0);
      assert.match(look.stderr, /A server is running on this folder/);
    } finally {
      lock.release();
    }
  });

  it('says when there is nothing to verify', async () => {
    const empty = await framelog(['verify', join(data, 'streams', 'cam')]);
    assert.equal(empty.status, 1);
    assert.match(empty.stderr, /there are no streams in/);
    const unknown = await framelog(['verify', data, '--stream', 'other']);
    assert.match(unknown.stderr, /there is no stream other/);
  });
});
