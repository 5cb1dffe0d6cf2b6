import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPageModule } from './page-modules.ts';

const format = await loadPageModule<{
  ago(thenMs: number, nowMs: number): string;
  bitrate(bitsPerSecond: number): string;
  byteSize(bytes: number): string;
  frameRate(fps: number): string;
  latency(ms: number): string;
  codecName(codec: string): string;
  timeOfDay(epochMs: number, options?: { tenths?: boolean }): string;
}>('format.js');

const { parsePlace, formatPlace } = await loadPageModule<{
  parsePlace(hash: string): { stream: string | undefined; atMs: number | undefined };
  formatPlace(place: { stream: string | undefined; atMs: number | undefined }): string;
}>('page-address.js');

const { ServerClock } = await loadPageModule<{
  ServerClock: new () => {
    now(): number;
    observe(serverMs: number, sentMs: number, receivedMs: number): void;
  };
}>('server-clock.js');

interface Scene {
  readonly mode: 'idle' | 'live' | 'replay';
  readonly status: string;
  readonly hasPicture: boolean;
  readonly isStreamLive: boolean;
  readonly codec: string | undefined;
  readonly lastMs: number | undefined;
  readonly nowMs: number;
}

const { stageMessage } = await loadPageModule<{
  stageMessage(scene: Scene): { text: string; action?: string } | undefined;
}>('stage-message.js');

const NOON = Date.UTC(2026, 2, 1, 12);

test('sizes and rates have units that people read', () => {
  assert.equal(format.bitrate(2_340_000), '2.3 Mb/s');
  assert.equal(format.bitrate(96_400), '96 kb/s');
  assert.equal(format.byteSize(999), '999 bytes');
  assert.equal(format.byteSize(1_550_000), '1.6 MB');
  assert.equal(format.byteSize(250_000_000_000), '250 GB');
  assert.equal(format.frameRate(29.97), '30 fps');
  assert.equal(format.frameRate(7.5), '7.5 fps');
  assert.equal(format.latency(1440), '1.4 s behind');
  assert.equal(format.latency(180_000), '3 min behind');
  assert.equal(format.codecName('h265'), 'H.265');
  assert.equal(format.codecName('other'), 'other');
});

test('how long ago is told roughly', () => {
  assert.equal(format.ago(NOON, NOON + 3000), 'just now');
  assert.equal(format.ago(NOON + 500, NOON), 'just now');
  assert.equal(format.ago(NOON, NOON + 45_000), '45 s ago');
  assert.equal(format.ago(NOON, NOON + 300_000), '5 min ago');
  assert.equal(format.ago(NOON, NOON + 7_200_000), '2 h ago');
  assert.equal(format.ago(NOON, NOON + 5 * 86_400_000), '5 days ago');
});

test('tenths are cut, not rounded into the next second', () => {
  assert.match(format.timeOfDay(NOON + 999, { tenths: true }), /:00\.9$/);
});

test('the address names a stream and a moment, and is read back', () => {
  const place = { stream: 'front.door-1', atMs: NOON + 250 };
  assert.equal(formatPlace(place), '#stream=front.door-1&t=2026-03-01T12:00:00.250Z');
  assert.deepEqual(parsePlace(formatPlace(place)), place);
  assert.deepEqual(parsePlace('#stream=cam'), { stream: 'cam', atMs: undefined });
  assert.deepEqual(parsePlace('#t=yesterday'), { stream: undefined, atMs: undefined });
  assert.deepEqual(parsePlace(''), { stream: undefined, atMs: undefined });
});

test('the server clock believes the quickest answer', () => {
  const clock = new ServerClock();
  const sentMs = Date.now();
  clock.observe(sentMs + 5000, sentMs, sentMs + 10);
  clock.observe(sentMs + 9000, sentMs, sentMs + 900);
  assert.ok(Math.abs(clock.now() - (Date.now() + 4995)) <= 5);
});

test('a clock that was set is noticed after a while', () => {
  const clock = new ServerClock();
  const sentMs = Date.now();
  clock.observe(sentMs, sentMs, sentMs + 2);
  for (let i = 0; i < 12; i++) clock.observe(sentMs + 60_000, sentMs, sentMs + 100);
  assert.ok(clock.now() - Date.now() > 59_000);
});

test('the stage says why there is no picture, and what to do', () => {
  const scene: Scene = {
    mode: 'live',
    status: 'ready',
    hasPicture: true,
    isStreamLive: true,
    codec: 'h264',
    lastMs: NOON - 120_000,
    nowMs: NOON,
  };
  const say = (change: Partial<Scene>) => stageMessage({ ...scene, ...change });
  assert.equal(say({}), undefined);
  assert.equal(say({ mode: 'replay', isStreamLive: false }), undefined);
  assert.match(say({ mode: 'idle', isStreamLive: false })?.text ?? '', /offline\. Last picture 2 min ago/);
  assert.equal(say({ mode: 'idle', isStreamLive: false })?.action, 'last-minute');
  assert.equal(say({ mode: 'idle', isStreamLive: false, lastMs: undefined })?.action, undefined);
  assert.match(say({ status: 'unsupported', codec: 'h265' })?.text ?? '', /cannot play H\.265/);
  assert.match(say({ status: 'reconnecting' })?.text ?? '', /connection was lost/);
  assert.match(say({ status: 'nothing' })?.text ?? '', /Waiting for the first picture/);
  assert.equal(say({ mode: 'replay', status: 'nothing' })?.action, 'live');
  assert.match(say({ mode: 'replay', status: 'ended' })?.text ?? '', /ends here/);
  assert.match(say({ status: 'loading', hasPicture: false })?.text ?? '', /Loading/);
  assert.equal(say({ status: 'loading' }), undefined);
});
