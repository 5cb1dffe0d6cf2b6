import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DeliveryError } from '../../../../server/notify/delivery-error.ts';
import {
  type Delivery,
  DeliveryQueue,
  type DeliveryQueueOptions,
} from '../../../../server/notify/delivery-queue.ts';
import { until } from '../../../e2e/support/until.ts';

function rig(t: TestContext, options: Partial<DeliveryQueueOptions> = {}) {
  const failed: string[] = [];
  const queue = new DeliveryQueue({
    maxPerDestination: 3,
    maxBytes: 1000,
    attempts: 3,
    backoffMs: 1,
    maxBackoffMs: 4,
    timeoutMs: 60_000,
    drainMs: 0,
    onFailed: ({ stream }, reason) => failed.push(`${stream}: ${reason}`),
    ...options,
  });
  t.after(() => queue.close());
  const add = (stream: string, send: Delivery['send'], destination = 'there', sizeBytes = 1) =>
    queue.add({ destination, stream, sizeBytes, send });
  return { queue, failed, add };
}

const never = () => new Promise<void>(() => {});
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => {
    signal.addEventListener('abort', () => reject(new DeliveryError('aborted')));
  });

test('one after the other to one destination, beside those of others', async (t) => {
  const { queue, add } = rig(t, { maxPerDestination: 10 });
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  add('a', () => first.promise.then(() => void order.push('a')));
  add('b', async () => void order.push('b'));
  add('c', async () => void order.push('c'), 'elsewhere');
  await until('the other destination', () => order.includes('c'));
  assert.deepEqual(order, ['c']);
  first.resolve();
  await until('all', () => queue.counters.delivered === 3);
  assert.deepEqual(order, ['c', 'a', 'b']);
  assert.equal(queue.waiting, 0);
});

test('tried again until it works, or as often as is set; a final refusal is not', async (t) => {
  const { queue, failed, add } = rig(t);
  let tries = 0;
  add('mended', async () => {
    if (++tries < 3) throw new DeliveryError('not yet');
  });
  add('hopeless', async () => {
    throw new DeliveryError('never');
  });
  add('refused', async () => {
    throw new DeliveryError('no', { isFinal: true });
  });
  await until('all to be settled', () => queue.counters.delivered + queue.counters.failed === 3);
  assert.deepEqual(failed, ['hopeless: never', 'refused: no']);
  assert.deepEqual(queue.counters, { delivered: 1, retried: 4, failed: 2, dropped: 0 });
});

test('what waits is bounded in number and in bytes: the oldest goes', async (t) => {
  const { queue, failed, add } = rig(t);
  add('sending', untilAborted);
  for (const name of ['1', '2', '3', '4', '5']) add(name, never);
  assert.equal(queue.waiting, 3);
  assert.equal(queue.counters.dropped, 2);
  assert.deepEqual(
    failed.map((line) => line[0]),
    ['1', '2'],
  );
  add('large', never, 'there', 999);
  assert.equal(queue.waiting, 2, 'makes room');
  add('too large', never, 'elsewhere', 1000);
  assert.match(failed.at(-1) ?? '', /^too large: too much waits/);
});

test('a delivery that takes too long is given up, and tried again', async (t) => {
  const { queue, add } = rig(t, { timeoutMs: 5, attempts: 2 });
  add('slow', untilAborted);
  await until('the end', () => queue.counters.failed === 1);
  assert.equal(queue.counters.retried, 1);
});

test('closing goes on for a while, and then gives up', async (t) => {
  const patient = rig(t, { drainMs: 60_000 });
  const last = Promise.withResolvers<void>();
  patient.add('last', () => last.promise);
  const closed = patient.queue.close();
  last.resolve();
  await closed;
  assert.equal(patient.queue.counters.delivered, 1);
  patient.add('late', never);
  assert.equal(patient.queue.waiting, 0);

  const hasty = rig(t, { drainMs: 1 });
  hasty.add('stuck', untilAborted);
  hasty.add('behind it', never);
  await hasty.queue.close();
  assert.deepEqual(hasty.failed.toSorted(), [
    'behind it: too many wait for this destination',
    'stuck: aborted',
  ]);
});
