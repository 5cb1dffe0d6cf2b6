import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance, suggest } from '../../../../server/config/suggest.ts';

describe('suggest', () => {
  it('counts insertions, deletions, replacements and swaps', () => {
    assert.equal(editDistance('', ''), 0);
    assert.equal(editDistance('abc', ''), 3);
    assert.equal(editDistance('port', 'prot'), 1);
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('host', 'hosts'), 1);
  });

  it('finds the nearest word, and none when all are far', () => {
    const words = ['http.port', 'http.host', 'rtmp.port'];
    assert.equal(suggest('http.prot', words), 'http.port');
    assert.equal(suggest('HTTP.HOST', words), 'http.host');
    assert.equal(suggest('something', words), undefined);
    assert.equal(suggest('x', ['y']), 'y');
    assert.equal(suggest('x'.repeat(65), ['x'.repeat(65)]), undefined, 'too long to be a typo of ours');
  });
});
