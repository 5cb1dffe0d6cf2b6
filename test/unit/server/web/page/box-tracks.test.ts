import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPageModule } from './page-modules.ts';

type Box = readonly [number, number, number, number];
interface Sighting {
  readonly trackId: string;
  readonly label: string;
  readonly score: number;
  readonly box: Box;
}

interface Tracks {
  addLook(atMs: number, sightings: readonly Sighting[]): void;
  addEvent(atMs: number, sighting: Sighting, options: { isLast: boolean }): void;
  clear(): void;
  at(atMs: number): Sighting[];
}

const { BoxTracks } = await loadPageModule<{ BoxTracks: new () => Tracks }>('box-tracks.js');

const T = 1_760_000_000_000;
const at = (left: number, trackId = 'a'): Sighting => ({
  trackId,
  label: 'person',
  score: 0.8,
  box: [left, 0.2, 0.1, 0.3],
});
const lefts = (tracks: Tracks, atMs: number) =>
  tracks
    .at(atMs)
    .map(({ box }) => Number(box[0].toFixed(3)))
    .sort();

test('between two looks an object moves evenly; at each it is where it was seen', () => {
  const tracks = new BoxTracks();
  tracks.addLook(T, [at(0.1)]);
  tracks.addLook(T + 2000, [at(0.5)]);
  assert.deepEqual(lefts(tracks, T - 10), []);
  assert.deepEqual(lefts(tracks, T), [0.1]);
  assert.deepEqual(lefts(tracks, T + 1000), [0.3]);
  assert.deepEqual(lefts(tracks, T + 2000), [0.5]);
});

test('what the next look does not show is gone on the way there', () => {
  const tracks = new BoxTracks();
  tracks.addLook(T, [at(0.1), at(0.6, 'b')]);
  tracks.addLook(T + 2000, [at(0.2)]);
  assert.deepEqual(lefts(tracks, T + 900), [0.145, 0.6]);
  assert.deepEqual(lefts(tracks, T + 1100), [0.155]);
  tracks.addLook(T + 4000, []);
  assert.deepEqual(lefts(tracks, T + 4000), []);
  tracks.addLook(T + 6000, [at(0.4)]);
  assert.deepEqual(lefts(tracks, T + 5000), [], 'nor between two looks of which the first missed it');
});

test('the last look holds until there is another, but not for ever', () => {
  const tracks = new BoxTracks();
  tracks.addLook(T, [at(0.1)]);
  assert.deepEqual(lefts(tracks, T + 5000), [0.1]);
  assert.deepEqual(lefts(tracks, T + 7000), []);
});

test('events of the past: where they say, even between them, gone with the last', () => {
  const tracks = new BoxTracks();
  tracks.addEvent(T, at(0.1), { isLast: false });
  tracks.addEvent(T + 1000, at(0.3), { isLast: false });
  tracks.addEvent(T + 1500, at(0.4), { isLast: true });
  assert.deepEqual(lefts(tracks, T + 500), [0.2]);
  assert.deepEqual(lefts(tracks, T + 1500), [0.4]);
  assert.deepEqual(lefts(tracks, T + 1600), []);
  const held = new BoxTracks();
  held.addEvent(T, at(0.1), { isLast: false });
  assert.deepEqual(lefts(held, T + 2000), [0.1]);
  assert.deepEqual(lefts(held, T + 3000), []);
});

test('what is told twice, late, or out of order is one place each', () => {
  const tracks = new BoxTracks();
  tracks.addEvent(T + 2000, at(0.5), { isLast: false });
  tracks.addEvent(T, at(0.1), { isLast: false });
  tracks.addEvent(T + 2001, at(0.5), { isLast: false });
  assert.deepEqual(lefts(tracks, T + 1000), [0.3]);
  tracks.clear();
  assert.deepEqual(lefts(tracks, T + 1000), []);
});

test('an old look says nothing of events after it', () => {
  const tracks = new BoxTracks();
  tracks.addLook(T, []);
  tracks.addEvent(T + 60_000, at(0.1), { isLast: false });
  tracks.addEvent(T + 61_000, at(0.3), { isLast: false });
  assert.deepEqual(lefts(tracks, T + 60_500), [0.2]);
});

test('a day of looks takes no more memory than an hour', () => {
  const tracks = new BoxTracks();
  for (let i = 0; i < 4000; i++) tracks.addLook(T + i * 200, [at(0.1, `t${Math.floor(i / 5)}`)]);
  assert.deepEqual(lefts(tracks, T), [], 'the oldest are forgotten');
  assert.deepEqual(lefts(tracks, T + 3999 * 200), [0.1]);
});
