import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPageModule } from './page-modules.ts';

const { eventWords, countWords, countLabels } = await loadPageModule<{
  eventWords(event: object): string;
  countWords(counts: Readonly<Record<string, number>>): string;
  countLabels(sightings: readonly { label: string }[]): Record<string, number>;
}>('event-words.js');

const { pictureIn, colorOf } = await loadPageModule<{
  pictureIn(
    stageWidth: number,
    stageHeight: number,
    videoWidth: number,
    videoHeight: number,
  ): { left: number; top: number; width: number; height: number };
  colorOf(label: string): string;
}>('box-overlay.js');

const { bars, binLength } = await loadPageModule<{
  bars(
    scale: { fromMs: number; toMs: number; widthPx: number },
    seen: { binMs: number; bins: readonly { startMs: number; counts: Record<string, number> }[] },
  ): { fromPx: number; toPx: number; part: number }[];
  binLength(spanMs: number, widthPx: number): number;
}>('timeline-scale.js');

test('events in words', () => {
  const person = { type: 'object', phase: 'enter', label: 'person' };
  assert.equal(eventWords(person), 'Person');
  assert.equal(eventWords({ ...person, phase: 'leave' }), 'Person left');
  assert.equal(
    eventWords({ type: 'line', label: 'car', line: 'gate', direction: 'left-to-right' }),
    'Car crossed gate, left to right',
  );
  assert.equal(
    eventWords({ type: 'dwell', label: 'dog', zone: 'lawn', dwellMs: 31_400 }),
    'Dog stayed in lawn for 31 s',
  );
  assert.equal(eventWords({ type: 'zone', phase: 'enter', label: 'car', zone: 'drive' }), 'Car in drive');
  assert.equal(eventWords({ type: 'face', face: { result: 'known', person: 'Ada' } }), 'Ada');
  assert.equal(eventWords({ type: 'face', face: { result: 'unknown' } }), 'Unknown face');
  assert.equal(
    eventWords({ type: 'camera', camera: { state: 'degraded', message: 'key frames only' } }),
    'Key frames only',
  );
});

test('counts in words, the most first', () => {
  assert.equal(countWords({ car: 1, person: 3, dog: 0, bus: 1 }), '3 person, 1 bus, 1 car');
  assert.equal(countWords({}), '');
  assert.deepEqual(countLabels([{ label: 'car' }, { label: 'person' }, { label: 'car' }]), {
    car: 2,
    person: 1,
  });
});

test('boxes lie where the picture does, which is fitted whole into the stage', () => {
  assert.deepEqual(pictureIn(1600, 900, 640, 360), { left: 0, top: 0, width: 1600, height: 900 });
  assert.deepEqual(pictureIn(1600, 900, 400, 300), { left: 200, top: 0, width: 1200, height: 900 });
  assert.deepEqual(pictureIn(300, 900, 300, 300), { left: 0, top: 300, width: 300, height: 300 });
  assert.equal(colorOf('person'), colorOf('person'));
});

test('bars on the time line: each is seen, more are higher, those outside are left out', () => {
  const scale = { fromMs: 0, toMs: 100_000, widthPx: 1000 };
  const bin = (startMs: number, count: number) => ({ startMs, counts: { person: count } });
  const found = bars(scale, {
    binMs: 1000,
    bins: [bin(-5000, 9), bin(10_000, 1), bin(20_000, 10), bin(30_000, 0)],
  });
  assert.equal(found.length, 2);
  assert.deepEqual([found[0]?.fromPx, found[0]?.toPx], [100, 110]);
  assert.ok((found[0]?.part ?? 0) > 0.2 && (found[1]?.part ?? 0) > (found[0]?.part ?? 1));
  const [thin] = bars({ ...scale, toMs: 1e9 }, { binMs: 1000, bins: [bin(0, 1)] });
  assert.deepEqual([thin?.fromPx, thin?.toPx], [0, 2]);
  assert.ok(binLength(3_600_000, 800) >= 1000);
  assert.equal(binLength(60_000, 800), 1000);
  assert.ok(604_800_000 / binLength(604_800_000, 4000) <= 2000, 'no more bins than the server counts');
});
