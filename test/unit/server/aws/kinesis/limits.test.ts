import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChangeBudget } from '../../../../../server/aws/kinesis/change-budget.ts';
import { ReadLimiter } from '../../../../../server/aws/kinesis/read-limiter.ts';
import { Subscriptions } from '../../../../../server/aws/kinesis/subscriptions.ts';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

describe('reads of a shard', () => {
  const timesAdmitted = (limiter: ReadLimiter, shard: string, nowMs: number) =>
    Array.from({ length: 20 }, () => limiter.admits(shard, nowMs)).filter(Boolean).length;

  test('five a second, each shard for itself', () => {
    const limiter = new ReadLimiter({ isOn: true });
    assert.equal(timesAdmitted(limiter, 'a', NOW_MS), 5);
    assert.equal(timesAdmitted(limiter, 'b', NOW_MS), 5);
    assert.equal(timesAdmitted(limiter, 'a', NOW_MS + 400), 2);
    assert.equal(timesAdmitted(limiter, 'a', NOW_MS + 60_000), 5);
  });

  test('an answer of 10 MB blocks the next five seconds', () => {
    const limiter = new ReadLimiter({ isOn: true });
    assert.ok(limiter.admits('a', NOW_MS));
    limiter.spend('a', 10 * MIB, NOW_MS);
    assert.equal(limiter.admits('a', NOW_MS + 3900), false);
    assert.ok(limiter.admits('b', NOW_MS));
    assert.ok(limiter.admits('a', NOW_MS + 4100));
  });

  test('none when they are lifted', () => {
    const limiter = new ReadLimiter({ isOn: false });
    limiter.spend('a', 100 * MIB, NOW_MS);
    assert.equal(timesAdmitted(limiter, 'a', NOW_MS), 20);
  });

  test('shards that were read longest ago are forgotten', () => {
    const limiter = new ReadLimiter({ isOn: true });
    limiter.spend('first', 100 * MIB, NOW_MS);
    for (let index = 0; index < 50_000; index++) limiter.admits(`shard-${index}`, NOW_MS);
    assert.ok(limiter.admits('first', NOW_MS));
  });
});

describe('changes in a day', () => {
  test('as many as allowed in any 24 hours, each name for itself', () => {
    const budget = new ChangeBudget(2);
    assert.ok(budget.take('a', NOW_MS));
    assert.ok(budget.take('a', NOW_MS + 1000));
    assert.equal(budget.take('a', NOW_MS + DAY_MS - 1), false);
    assert.ok(budget.take('b', NOW_MS + 1000));
    assert.ok(budget.take('a', NOW_MS + DAY_MS));
    assert.equal(budget.take('a', NOW_MS + DAY_MS), false);
    assert.ok(budget.take('a', NOW_MS + DAY_MS + 1000));
  });

  test('what was not changed for a day is forgotten', () => {
    const budget = new ChangeBudget(2);
    for (let index = 0; index < 1000; index++) budget.take(`stream-${index}`, NOW_MS + index);
    assert.equal(budget.size, 1000);
    budget.take('one more', NOW_MS + DAY_MS + 499);
    assert.equal(budget.size, 501);
  });
});

describe('subscriptions', () => {
  test('one a consumer and shard: a second is refused for five seconds, then takes over', () => {
    const subscriptions = new Subscriptions();
    const ended: string[] = [];
    const begin = (consumer: string, shard: string, nowMs: number, name: string) =>
      subscriptions.begin(consumer, shard, nowMs, () => ended.push(name));
    const endFirst = begin('fan', 's1', NOW_MS, 'first');
    assert.ok(endFirst);
    assert.equal(begin('fan', 's1', NOW_MS + 4999, 'too early'), undefined);
    assert.ok(begin('fan', 's2', NOW_MS, 'another shard'));
    assert.ok(begin('other', 's1', NOW_MS, 'another consumer'));
    const endSecond = begin('fan', 's1', NOW_MS + 5000, 'second');
    assert.ok(endSecond);
    assert.deepEqual(ended, ['first']);
    assert.equal(subscriptions.count, 3);
    // The first one's end is not the second one's.
    endFirst();
    assert.equal(subscriptions.count, 3);
    assert.equal(begin('fan', 's1', NOW_MS + 6000, 'too early'), undefined);
    endSecond();
    assert.equal(subscriptions.count, 2);
    assert.ok(begin('fan', 's1', NOW_MS + 6000, 'third'));
  });

  test('all end when the server closes', () => {
    const subscriptions = new Subscriptions();
    const ended: string[] = [];
    for (const shard of ['a', 'b']) subscriptions.begin('fan', shard, NOW_MS, () => ended.push(shard));
    subscriptions.endAll();
    assert.deepEqual(ended, ['a', 'b']);
  });
});
