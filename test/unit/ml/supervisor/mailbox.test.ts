import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TierInForce } from '../../../../ml/supervisor/due-sampler.ts';
import { Mailbox, type MailboxRun } from '../../../../ml/supervisor/mailbox.ts';
import { sample } from './support/samples.ts';

const KEYS: TierInForce = { kind: 'keyframes', everyNthKey: 1 };
const FPS: TierInForce = { kind: 'fps', framesPerSecond: 5, everyNthKey: 1 };

function mailboxOf(
  tier: TierInForce,
  options: { pace?: 'live' | 'batch'; maxBytes?: number; maxMediaUs?: number } = {},
) {
  const dropped: Record<string, number> = {};
  const mailbox = new Mailbox(
    {
      pace: 'live',
      maxBytes: 1 << 20,
      maxMediaUs: 20_000_000,
      onDrop: (reason, frames) => {
        dropped[reason] = (dropped[reason] ?? 0) + frames;
      },
      ...options,
    },
    tier,
  );
  const push = (from: number, to = from) => {
    for (let n = from; n <= to; n++) mailbox.push(sample({ n }), n * 40);
  };
  return { mailbox, dropped, push };
}

const numbers = (samples: readonly { readonly ptsUs: number }[] | undefined) =>
  samples?.map(({ ptsUs }) => ptsUs / 40_000);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const answer = (mailbox: Mailbox, run: MailboxRun | undefined) =>
  run?.due.map(({ ptsUs }) => mailbox.answered(ptsUs));

test('key frames: each is sent alone and comes out at once; a newer one takes the place of one that waits', () => {
  const { mailbox, dropped, push } = mailboxOf(KEYS);
  push(0, 60);
  assert.equal(mailbox.waiting, 1);
  const run = mailbox.take(false);
  assert.deepEqual(numbers(run?.samples), [50]);
  assert.deepEqual([run?.startsAnew, run?.flush], [true, true]);
  assert.deepEqual(dropped, { superseded: 1 });
  assert.deepEqual(answer(mailbox, run), [{ arrivedMs: 2000, sinceMs: 0 }], 'it stands for the one before');
  assert.equal(mailbox.sizeBytes, 0);
  assert.equal(mailbox.take(false), undefined);
});

test('frames between key frames: the newest that is due, with all that its decoder needs', () => {
  const { mailbox, dropped, push } = mailboxOf(FPS);
  push(0, 2);
  const first = mailbox.take(false);
  assert.deepEqual([numbers(first?.samples), numbers(first?.due), first?.startsAnew], [[0], [0], true]);
  // The decoder holds the picture: it is given what comes.
  assert.ok(mailbox.canTake(false));
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [1, 2]);
  assert.equal(mailbox.canTake(false), false);
  answer(mailbox, first);
  push(3, 11);
  const next = mailbox.take(false);
  assert.deepEqual(
    [numbers(next?.samples), numbers(next?.due), next?.startsAnew],
    [range(3, 10), [10], false],
  );
  assert.deepEqual(dropped, { superseded: 1 });
  assert.deepEqual(
    answer(mailbox, next),
    [{ arrivedMs: 400, sinceMs: 200 }],
    'it stands for the frame before',
  );
});

test('what is late goes on at the newest key frame before the frame that is due', () => {
  const { mailbox, push } = mailboxOf(FPS);
  push(0, 5);
  answer(mailbox, mailbox.take(false));
  push(6, 57);
  const run = mailbox.take(false);
  assert.deepEqual([numbers(run?.samples), numbers(run?.due), run?.startsAnew], [range(50, 55), [55], true]);
});

test('another worker is sent the whole group of pictures, and asked again for what was not answered', () => {
  const { mailbox, dropped, push } = mailboxOf(FPS);
  push(0, 20);
  answer(mailbox, mailbox.take(false));
  push(21, 25);
  mailbox.take(false);
  push(26, 31);
  mailbox.restart();
  const again = mailbox.take(false);
  assert.deepEqual(
    [numbers(again?.samples), numbers(again?.due), again?.startsAnew],
    [range(0, 30), [25, 30], true],
  );
  assert.deepEqual(dropped, { superseded: 4 });
});

test('key frames that a lost worker had are asked for again, whatever comes meanwhile', () => {
  const { mailbox, dropped, push } = mailboxOf(KEYS);
  push(0);
  mailbox.take(false);
  mailbox.restart();
  push(1, 120);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [0]);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [100]);
  assert.deepEqual(dropped, { superseded: 1 });
});

test('a worker dies of a frame: neither it nor what follows it is sent again, until the next key frame', () => {
  const { mailbox, dropped, push } = mailboxOf(FPS);
  push(0, 6);
  mailbox.take(false);
  mailbox.clear('crashed');
  push(7, 51);
  const run = mailbox.take(false);
  assert.deepEqual([numbers(run?.samples), run?.startsAnew], [[50], true]);
  assert.equal(dropped.crashed, 1);
  assert.equal(dropped['no-key-frame'], 8);
});

test('draining: what is in the decoder comes out, and the decoder starts anew at the key frame', () => {
  const { mailbox, push } = mailboxOf(FPS);
  push(0, 7);
  const run = mailbox.take(true);
  assert.deepEqual([numbers(run?.samples), run?.flush], [range(0, 5), false]);
  const rest = mailbox.take(true);
  assert.deepEqual([numbers(rest?.samples), rest?.flush], [[6, 7], true]);
  answer(mailbox, run);
  mailbox.flushed();
  assert.equal(mailbox.canTake(true), false);
  push(8, 10);
  const next = mailbox.take(false);
  assert.deepEqual([numbers(next?.samples), next?.startsAnew], [range(0, 10), true]);
});

test('draining with nothing left to send asks for nothing but what is in the decoder', () => {
  const { mailbox, push } = mailboxOf(FPS);
  push(0);
  const run = mailbox.take(false);
  assert.equal(run?.flush, false);
  const rest = mailbox.take(true);
  assert.deepEqual([rest?.samples, rest?.flush, rest?.track], [[], true, undefined]);
  mailbox.flushed();
  assert.equal(mailbox.waiting, 0);
});

test('long groups of pictures are sent in pieces', () => {
  const { mailbox, push } = mailboxOf({ kind: 'fps', framesPerSecond: 0.5, everyNthKey: 1 });
  for (let n = 0; n < 150; n++) mailbox.push(sample({ n, isSync: n === 0 }), 0);
  const first = mailbox.take(false);
  assert.deepEqual([first?.samples.length, numbers(first?.due)], [64, []]);
  const second = mailbox.take(false);
  assert.deepEqual([second?.samples.length, numbers(second?.due), second?.startsAnew], [37, [100], false]);
  push(151);
});

test('a discontinuity ends a run: what cannot be decoded is not sent', () => {
  const { mailbox, dropped, push } = mailboxOf(FPS);
  push(0, 3);
  mailbox.push(sample({ n: 5, isDiscontinuous: true }), 200);
  push(6, 12);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [0]);
  assert.deepEqual(dropped, { 'no-key-frame': 2 });
  push(13, 50);
  const run = mailbox.take(false);
  assert.deepEqual([numbers(run?.samples), run?.startsAnew], [[50], true]);
});

test('bytes and seconds are bounded: what is oldest goes, and is counted', () => {
  const { mailbox, dropped } = mailboxOf(FPS, { maxBytes: 10_000 });
  for (let n = 0; n < 40; n++) mailbox.push(sample({ n, sizeBytes: 500 }), 0);
  assert.ok(mailbox.sizeBytes <= 10_000);
  assert.ok((dropped.overflow ?? 0) > 0);
  const long = mailboxOf({ kind: 'fps', framesPerSecond: 1, everyNthKey: 1 }, { maxMediaUs: 3_000_000 });
  for (let n = 0; n < 260; n++) long.mailbox.push(sample({ n, isSync: n % 100 === 0 }), 0);
  const run = long.mailbox.take(false);
  assert.deepEqual(numbers(run?.samples)?.[0], 200);
});

test('a long group of pictures goes on with the worker that has its start', () => {
  const { mailbox } = mailboxOf(FPS, { maxBytes: 10_000 });
  for (let n = 0; n < 100; n++) {
    mailbox.push(sample({ n, isSync: n === 0, sizeBytes: 500 }), 0);
    answer(mailbox, mailbox.take(false));
  }
  mailbox.push(sample({ n: 100, isSync: false }), 0);
  const run = mailbox.take(false);
  assert.deepEqual([numbers(run?.due), run?.startsAnew], [[100], false]);
  mailbox.restart();
  assert.equal(mailbox.canTake(false), false, 'another worker waits for a key frame');
});

test('a batch passes nothing over and has its offers wait', () => {
  const { mailbox, dropped } = mailboxOf(FPS, { pace: 'batch' });
  let n = 0;
  while (mailbox.hasRoom) mailbox.push(sample({ n: n++ }), 0);
  assert.equal(mailbox.waiting, 4);
  const due: (number[] | undefined)[] = [];
  for (let run = mailbox.take(false); run !== undefined; run = mailbox.take(false)) {
    due.push(numbers(run.due));
    answer(mailbox, run);
  }
  assert.deepEqual(due, [[0], [5], [10], [15]]);
  assert.deepEqual(dropped, {});
});

test('a lowered tier takes only some of the key frames; what is passed over is counted', () => {
  const { mailbox, dropped, push } = mailboxOf(FPS);
  mailbox.degradeTo({ kind: 'keyframes', everyNthKey: 2 });
  push(0);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [0]);
  push(1, 51);
  assert.equal(mailbox.canTake(false), false);
  push(52, 100);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), [100]);
  assert.deepEqual(dropped, { overload: 19 });
  mailbox.restore();
  push(101, 155);
  assert.deepEqual(numbers(mailbox.take(false)?.samples), range(150, 155));
});

test('samples that are not to be looked at only serve the decoder', () => {
  const { mailbox } = mailboxOf(FPS, { pace: 'batch' });
  for (let n = 0; n <= 10; n++) mailbox.push({ ...sample({ n }), isDue: n >= 7 }, 0);
  const run = mailbox.take(false);
  assert.deepEqual([numbers(run?.samples), numbers(run?.due)], [range(0, 7), [7]]);
});

/** Samples in decode order by the numbers of their pictures; `K`: a key frame. */
function inDecodeOrder(mailbox: Mailbox, order: string): void {
  for (const [i, word] of order.split(' ').entries()) {
    const n = Number(word.replace('K', ''));
    mailbox.push({ ...sample({ n, isSync: word.startsWith('K') }), dtsUs: i * 40_000 }, i * 40);
  }
}

test('pictures shown before a key frame are asked of a decoder that has what came before it', () => {
  const { mailbox } = mailboxOf({ kind: 'fps', framesPerSecond: 25, everyNthKey: 1 }, { pace: 'batch' });
  inDecodeOrder(mailbox, 'K0 2 1 K4 3 6');
  const runs: unknown[] = [];
  for (let run = mailbox.take(false); run !== undefined; run = mailbox.take(false)) {
    runs.push([numbers(run.samples), numbers(run.due), run.startsAnew]);
    answer(mailbox, run);
  }
  assert.deepEqual(runs, [
    [[0], [0], true],
    [[2], [2], false],
    [[1], [1], false],
    [[4], [4], false],
    [[3], [3], false],
    [[6], [6], false],
  ]);
});

test('a decoder that starts at the key frame is not asked for what is shown before it', () => {
  const { mailbox, dropped } = mailboxOf({ kind: 'fps', framesPerSecond: 25, everyNthKey: 1 });
  inDecodeOrder(mailbox, 'K0 2 1');
  answer(mailbox, mailbox.take(false));
  inDecodeOrder(mailbox, 'K7 5');
  answer(mailbox, mailbox.take(false));
  mailbox.restart();
  inDecodeOrder(mailbox, '6');
  assert.equal(mailbox.canTake(false), false);
  assert.ok((dropped['no-key-frame'] ?? 0) + (dropped.superseded ?? 0) > 0);
});
