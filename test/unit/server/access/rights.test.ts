import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Wish } from '../../../../server/access/access.ts';
import { allows, describeRight, matchesPattern } from '../../../../server/access/rights.ts';

describe('stream patterns', () => {
  it('match literally, and any run of characters where they have a star', () => {
    const cases: [string, string, boolean][] = [
      ['cam', 'cam', true],
      ['cam', 'cam1', false],
      ['cam', 'Cam', false],
      ['*', '', true],
      ['*', 'anything', true],
      ['cam-*', 'cam-', true],
      ['cam-*', 'cam', false],
      ['*-door', 'front-door', true],
      ['*-door', 'front-door-2', false],
      ['a*b*c', 'aXbYbZc', true],
      ['a*b*c', 'aXbY', false],
      ['a**c', 'abc', true],
      ['a.c', 'abc', false],
      ['', '', true],
      ['', 'a', false],
    ];
    for (const [pattern, text, expected] of cases) {
      assert.equal(matchesPattern(pattern, text), expected, `${pattern} ~ ${text}`);
    }
  });

  it('match as the regular expression with .* does', () => {
    const piece = fc.constantFrom('a', 'b', '*');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 10 }),
        (p, t) => {
          const expected = new RegExp(`^${p.map((one) => (one === '*' ? '.*' : one)).join('')}$`).test(
            t.join(''),
          );
          assert.equal(matchesPattern(p.join(''), t.join('')), expected);
        },
      ),
    );
  });
});

describe('rights', () => {
  const wishes: Record<string, Wish> = {
    admin: { action: 'admin' },
    publish: { action: 'publish', stream: 'cam-1' },
    live: { action: 'view', stream: 'cam-1', of: 'live' },
    archive: { action: 'view', stream: 'cam-1', of: { fromMs: 0, toMs: Number.POSITIVE_INFINITY } },
  };
  const allowed = (rights: Parameters<typeof allows>[0]) =>
    Object.keys(wishes).filter((name) => allows(rights, wishes[name] as Wish));

  it('allow what they name and nothing else', () => {
    assert.deepEqual(allowed([]), []);
    assert.deepEqual(allowed([{ action: 'admin' }]), ['admin', 'publish', 'live', 'archive']);
    assert.deepEqual(allowed([{ action: 'publish', stream: 'cam-*' }]), ['publish']);
    assert.deepEqual(allowed([{ action: 'view', stream: '*' }]), ['live', 'archive']);
    assert.deepEqual(allowed([{ action: 'view', stream: 'cam-2' }]), []);
    assert.deepEqual(
      allowed([
        { action: 'publish', stream: 'cam-1' },
        { action: 'view', stream: 'cam-1' },
      ]),
      ['publish', 'live', 'archive'],
    );
  });

  it('are told in words', () => {
    assert.equal(describeRight({ action: 'admin' }), 'admin');
    assert.equal(describeRight({ action: 'view', stream: 'cam-*' }), 'view cam-*');
  });
});
