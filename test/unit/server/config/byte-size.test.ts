import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byteSize, formatByteSize, parseByteSize } from '../../../../server/config/byte-size.ts';

describe('byte sizes', () => {
  it('are read with their unit', () => {
    const cases: [string, number | undefined][] = [
      ['512MiB', 512 * 2 ** 20],
      ['1.5 GiB', 1.5 * 2 ** 30],
      ['100B', 100],
      ['0B', 0],
      ['2TiB', 2 ** 41],
      ['1KiB', 1024],
      ['100', undefined],
      ['1MB', undefined],
      ['-1MiB', undefined],
      ['1e9B', undefined],
      [' 1MiB', undefined],
      ['', undefined],
    ];
    for (const [text, bytes] of cases) assert.equal(parseByteSize(text), bytes, text);
  });

  it('are written so that they are read back exactly', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        (bytes) => parseByteSize(formatByteSize(bytes)) === bytes,
      ),
    );
    assert.equal(formatByteSize(512 * 2 ** 20), '512MiB');
    assert.equal(formatByteSize(1000), '1000B');
  });

  it('are held to a range and to whole bytes', () => {
    const schema = byteSize(1024, 2 ** 20);
    assert.equal(schema.parse('1KiB'), 1024);
    assert.equal(schema.parse(2048), 2048);
    for (const bad of [1023, '1023B', '2MiB', 1024.5, Number.NaN, 'much', null, {}]) {
      assert.equal(schema.safeParse(bad).success, false, String(bad));
    }
  });
});
