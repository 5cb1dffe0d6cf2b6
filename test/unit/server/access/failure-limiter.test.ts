import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailureLimiter } from '../../../../server/access/failure-limiter.ts';

const limits = { burst: 3, refillMs: 1000, maxAddresses: 4 };

function exhaust(limiter: FailureLimiter, address: string, nowMs: number): void {
  for (let guess = 0; limiter.allows(address, nowMs); guess++)
    limiter.failed(address, `guess ${guess} at ${nowMs}`, nowMs);
}

describe('FailureLimiter', () => {
  it('lets an address guess a few times, then at the rate of the refill', () => {
    const limiter = new FailureLimiter(limits);
    for (const guess of ['a', 'b', 'c']) {
      assert.equal(limiter.allows('1.2.3.4', 0), true);
      limiter.failed('1.2.3.4', guess, 0);
    }
    assert.equal(limiter.allows('1.2.3.4', 999), false);
    assert.equal(limiter.allows('1.2.3.5', 999), true);
    assert.equal(limiter.allows('1.2.3.4', 1000), true);
    limiter.failed('1.2.3.4', 'd', 1000);
    assert.equal(limiter.allows('1.2.3.4', 1500), false);
    assert.equal(limiter.allows('1.2.3.4', 2000), true);
  });

  it('refills to the burst and no further', () => {
    const limiter = new FailureLimiter(limits);
    exhaust(limiter, 'a', 0);
    let guesses = 0;
    for (; limiter.allows('a', 1e9); guesses++) limiter.failed('a', `later ${guesses}`, 1e9);
    assert.equal(guesses, 3);
  });

  it('does not count the same wrong guess twice', () => {
    const limiter = new FailureLimiter(limits);
    for (let time = 0; time < 100; time++) limiter.failed('1.2.3.4', 'the revoked key', 0);
    assert.equal(limiter.allows('1.2.3.4', 0), true);
  });

  it('takes nothing and gives nothing when the clock is set back', () => {
    const limiter = new FailureLimiter(limits);
    limiter.failed('a', '1', 100_000);
    limiter.failed('a', '2', 100_000);
    assert.equal(limiter.allows('a', 0), true);
    limiter.failed('a', '3', 0);
    assert.equal(limiter.allows('a', 0), false);
    assert.equal(limiter.allows('a', 1000), true);
  });

  it('remembers a bounded number of addresses, those that failed last', () => {
    const limiter = new FailureLimiter(limits);
    for (const address of ['a', 'b', 'c', 'd']) exhaust(limiter, address, 0);
    limiter.failed('a', 'again', 0);
    exhaust(limiter, 'e', 0);
    assert.equal(limiter.size, 4);
    assert.equal(limiter.allows('a', 0), false);
    assert.equal(limiter.allows('b', 0), true, 'forgotten');
  });

  it('takes a /64 of IPv6 for one address, and mapped IPv4 for IPv4', () => {
    const same: [string, string, boolean][] = [
      ['2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff:ffff:ffff', true],
      ['2001:db8:0:1::1', '2001:0DB8::1:0:0:0:9', true],
      ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
      ['::1', '::2', true],
      ['fe80::1%eth0', 'fe80::2%eth1', true],
      ['64:ff9b::1.2.3.4', '64:ff9b::5', true],
      ['::ffff:1.2.3.4', '1.2.3.4', true],
      ['::ffff:1.2.3.4', '::ffff:1.2.3.5', false],
    ];
    for (const [one, other, expected] of same) {
      const limiter = new FailureLimiter(limits);
      exhaust(limiter, one, 0);
      assert.equal(!limiter.allows(other, 0), expected, `${one} and ${other}`);
    }
  });
});
