import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { GrowingText } from '../../../../../server/playback/hls/growing-text.ts';
import { RenderedPlaylist, SUFFIX_MARK } from '../../../../../server/playback/hls/rendered-playlist.ts';

test('what is compressed block by block unpacks to head, text and tail', () => {
  const rows = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 6000 }), { maxLength: 20 });
  const ends = fc.string({ unit: 'grapheme-ascii', maxLength: 5000 });
  fc.assert(
    fc.property(rows, ends, ends, (texts, head, tail) => {
      const text = new GrowingText();
      let expected = '';
      for (const row of texts) {
        text.append(row);
        expected += row;
        assert.equal(text.sizeBytes, expected.length);
      }
      const bytes = text.between(head, tail);
      assert.equal(bytes.plain.toString(), head + expected + tail);
      const gzip = bytes.gzip();
      if (gzip !== undefined) assert.deepEqual(gunzipSync(gzip), bytes.plain);
      else assert(bytes.plain.length < 4096);
    }),
    { numRuns: 50 },
  );
});

test('a version stays as it was when the text grows on', () => {
  const text = new GrowingText();
  text.append('a'.repeat(20_000));
  const before = text.between('head', 'tail');
  text.append('b'.repeat(20_000));
  assert.deepEqual(gunzipSync(before.gzip() ?? Buffer.of()), before.plain);
  assert(!before.plain.includes('b'));
});

test('an hour of segments is compressed to a small part, and again for little', () => {
  const text = new GrowingText();
  for (let i = 0; i < 1800; i++) {
    const date = new Date(1.7e12 + i * 2000).toISOString();
    text.append(
      `#EXT-X-PROGRAM-DATE-TIME:${date}\n#EXTINF:2.000000,\nsegment/${10n ** 46n + BigInt(i * 7919)}.m4s\n`,
    );
  }
  const bytes = text.between('#EXTM3U\n', '#EXT-X-ENDLIST\n');
  assert((bytes.gzip()?.length ?? 0) < bytes.plain.length / 5);
});

test('a rendered playlist puts in the token of the one who asks, and is made once for each', () => {
  const playlist = new RenderedPlaylist(`a.m4s${SUFFIX_MARK}\nb.m4s${SUFFIX_MARK}\n`);
  assert.equal(playlist.for('').plain.toString(), 'a.m4s\nb.m4s\n');
  assert.equal(playlist.for('?token=x').plain.toString(), 'a.m4s?token=x\nb.m4s?token=x\n');
  assert.equal(playlist.for('?token=x'), playlist.for('?token=x'));
  assert.equal(playlist.for('').gzip(), undefined);
  for (let i = 0; i < 200; i++)
    assert.match(playlist.for(`?token=${i}`).plain.toString(), new RegExp(`=${i}\n`));
});
