import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../../fragments/stream/fragment.ts';
import type { ReadBatch } from '../../../../fragments/stream/stream-reader.ts';
import { SampleOffers } from '../../../../server/detection/sample-offers.ts';

const video: Track = {
  id: 1,
  kind: 'video',
  codec: 'h265',
  timescale: 1000,
  config: new Uint8Array(),
  codecString: 'hvc1',
};
const audio: Track = { ...video, id: 2, kind: 'audio', codec: 'aac' };

function fragment(ordinal: number): FragmentInfo {
  return {
    number: String(ordinal).padStart(47, '0'),
    ordinal,
    run: 1,
    startsRun: ordinal === 0,
    gapBefore: false,
    independent: true,
    serverMs: 50_000 + ordinal * 2000,
    producerMs: 10_000 + ordinal * 2000,
    initId: '0',
    timescale: 1000,
    startTicks: 0,
    durationTicks: 2000,
    sizeBytes: 1,
  };
}

/** A sample of the given times; the first of a fragment is a key frame. */
function sample(dtsTicks: number, ptsTicks: number, isSync = false): Sample {
  return {
    trackId: 1,
    dtsTicks,
    compositionOffsetTicks: ptsTicks - dtsTicks,
    durationTicks: 40,
    isSync,
    data: new Uint8Array([1]),
  };
}

function batch(ordinal: number, samples: readonly Sample[], more: Partial<ReadBatch> = {}): ReadBatch {
  return {
    fragment: fragment(ordinal),
    init: { id: '0', bytes: new Uint8Array() },
    tracks: [audio, video],
    samples,
    live: undefined,
    startsFragment: true,
    endsFragment: false,
    isDiscontinuous: false,
    next: { ordinal, sampleIndex: 0 },
    ...more,
  };
}

const offsets = (offered: readonly { readonly frame: { readonly offsetMs: number } }[]) =>
  offered.map(({ frame }) => frame.offsetMs);

test('a live fragment without reordering is offered as it comes', () => {
  const offers = new SampleOffers();
  const [first] = offers.of(batch(3, [sample(0, 0, true), { ...sample(5, 5), trackId: 2 }]));
  assert.deepEqual(first?.frame, {
    fragmentNumber: fragment(3).number,
    offsetMs: 0,
    producerMs: 16_000,
    serverMs: 56_000,
  });
  assert.deepEqual(offsets(offers.of(batch(3, [sample(40, 40)]))), [40]);
});

test('a key frame whose leading pictures come later waits for them, and is named after the first picture shown', () => {
  const offers = new SampleOffers();
  assert.deepEqual(offers.of(batch(0, [sample(0, 120, true)])), []);
  assert.deepEqual(offers.of(batch(0, [sample(40, 40)])), []);
  assert.deepEqual(offers.of(batch(0, [sample(80, 80)])), []);
  // Decode order stays; the picture at 40 is the fragment's first.
  assert.deepEqual(offsets(offers.of(batch(0, [sample(120, 240)]))), [80, 0, 40, 200]);
  assert.deepEqual(offsets(offers.of(batch(0, [sample(160, 160)]))), [120]);
});

test('a whole fragment needs no waiting, and each fragment counts anew', () => {
  const offers = new SampleOffers();
  const whole = (start: number) => [sample(start, start + 40, true), sample(start + 40, start)];
  assert.deepEqual(offsets(offers.of(batch(0, whole(0), { endsFragment: true }))), [40, 0]);
  const second = offers.of(batch(1, whole(2000), { endsFragment: true }));
  assert.deepEqual(offsets(second), [40, 0]);
  assert.equal(second[0]?.ptsUs, 2_040_000);
});

test('a discontinuity is told once, with the first sample after it', () => {
  const offers = new SampleOffers();
  offers.of(batch(0, [sample(0, 0, true)]));
  const after = offers.of(batch(4, [sample(0, 0, true), sample(40, 40)], { isDiscontinuous: true }));
  assert.deepEqual(
    after.map(({ isDiscontinuous }) => isDiscontinuous),
    [true, false],
  );
});

test('times go on growing where a run begins anew, by as much as the server has seen pass', () => {
  const offers = new SampleOffers();
  const times = (ordinal: number, samples: readonly Sample[], isDiscontinuous = false) =>
    offers.of(batch(ordinal, samples, { isDiscontinuous })).map(({ ptsUs }) => ptsUs);
  assert.deepEqual(times(0, [sample(9000, 9000, true), sample(9040, 9040)]), [9_000_000, 9_040_000]);
  const betweenMs = fragment(3).serverMs - fragment(0).serverMs;
  const beginUs = 9_040_000 + betweenMs * 1000;
  assert.deepEqual(times(3, [sample(0, 0, true), sample(40, 40)], true), [beginUs, beginUs + 40_000]);
});

test('what was held of a fragment that broke off is a discontinuity for the next', () => {
  const offers = new SampleOffers();
  assert.deepEqual(offers.of(batch(0, [sample(0, 120, true)])), []);
  const next = offers.of(batch(1, [sample(200, 200, true)]));
  assert.equal(next[0]?.isDiscontinuous, true);
});
