import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoginLinks } from '../../../../server/access/login-links.ts';

describe('login links', () => {
  it('open once', () => {
    const links = new LoginLinks(1000);
    const token = links.create('KEY', 0);
    assert.match(token, /^[\w-]{43}$/);
    assert.deepEqual(links.redeem(token, 999), { keyId: 'KEY' });
    assert.equal(links.redeem(token, 999), undefined);
  });

  it('expire', () => {
    const links = new LoginLinks(1000);
    const token = links.create('KEY', 0);
    assert.equal(links.redeem(token, 1000), 'expired');
    assert.equal(links.redeem(token, 0), undefined, 'used up all the same');
    assert.equal(links.redeem('', 0), undefined);
  });

  it('are bounded: the oldest goes first', () => {
    const links = new LoginLinks(1000);
    const tokens = Array.from({ length: 101 }, (_, ms) => links.create('KEY', ms));
    assert.equal(links.redeem(tokens[0] ?? '', 101), undefined);
    assert.deepEqual(links.redeem(tokens[1] ?? '', 101), { keyId: 'KEY' });
  });
});
