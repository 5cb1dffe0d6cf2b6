import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import { fakeFragment, START_MS } from '../../unit/server/web/support/fake-streams.ts';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb } from '../../unit/server/web/support/web-harness.ts';

interface Ranges {
  readonly ranges: { readonly startMs: number; readonly endMs: number; readonly fragments: number }[];
  readonly gaps: { readonly startMs: number; readonly endMs: number }[];
}

interface Fragments {
  readonly fragments: { readonly ordinal: number; readonly url: string; readonly initUrl: string }[];
  readonly next: number | null;
}

/** Fragments 0 to 9, a gap of 10 s, then 10 to 19 ten seconds later by the camera's clock. */
function withGap() {
  return Array.from({ length: 20 }, (_, i) =>
    fakeFragment(i, i < 10 ? {} : { run: 1, producerMs: START_MS + i * 2000 + 10_000 }),
  );
}

test('ranges and gaps between two instants, and up to now', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add('cam', withGap());
  const ask = async (query: string) =>
    (await web.json(`/api/streams/cam/ranges${query}`, { headers: web.admin })) as Ranges;

  const all = await ask(`?from=${new Date(START_MS).toISOString()}&to=${START_MS + 50_000}`);
  assertMatches('Ranges', all);
  assert.deepEqual(
    all.ranges.map(({ startMs, endMs, fragments }) => [startMs - START_MS, endMs - START_MS, fragments]),
    [
      [0, 20_000, 10],
      [30_000, 50_000, 10],
    ],
  );
  assert.deepEqual(all.gaps, [{ startMs: START_MS + 20_000, endMs: START_MS + 30_000 }]);

  const withoutFrom = await ask('');
  assert.deepEqual(withoutFrom.gaps, all.gaps);

  // Live at +60 s: what follows the last fragment is on its way. Once the camera has gone, it is missing.
  const live = await ask(`?from=${START_MS + 30_000}`);
  assert.deepEqual(live.gaps, []);
  cam.isLive = false;
  const ended = await ask(`?from=${START_MS + 30_000}&to=${START_MS + 9_000_000}`);
  assert.deepEqual(ended.gaps, [{ startMs: START_MS + 50_000, endMs: START_MS + 60_000 }]);
});

test('ranges by the server clock', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam', withGap());
  const answer = (await web.json(`/api/streams/cam/ranges?clock=server&from=${START_MS}`, {
    headers: web.admin,
  })) as Ranges;
  assertMatches('Ranges', answer);
  assert.deepEqual(answer.ranges[1]?.startMs, START_MS + 20_050);
});

test('fragments are listed from an instant or after a position, page by page', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam', withGap());
  const ask = async (query: string) => {
    const page = (await web.json(`/api/streams/cam/fragments?${query}`, { headers: web.admin })) as Fragments;
    assertMatches('Fragments', page);
    return { ordinals: page.fragments.map(({ ordinal }) => ordinal), next: page.next };
  };
  assert.deepEqual(await ask('limit=3'), { ordinals: [0, 1, 2], next: 2 });
  assert.deepEqual(await ask('limit=3&after=2'), { ordinals: [3, 4, 5], next: 5 });
  assert.deepEqual(await ask('limit=3&after=18'), { ordinals: [19], next: null });
  assert.deepEqual(await ask('after=19'), { ordinals: [], next: null });
  const inGap = START_MS + 25_000;
  assert.deepEqual(await ask(`from=${inGap}&to=${inGap + 8000}`), { ordinals: [10, 11], next: null });
  assert.deepEqual(await ask(`from=${START_MS + 3000}&limit=2`), { ordinals: [1, 2], next: 2 });
  assert.deepEqual(await ask(`from=${START_MS + 999_000}`), { ordinals: [], next: null });
});

test('a fragment names the URLs of its media', async (t) => {
  const web = await startWeb(t);
  const info = fakeFragment(0);
  web.streams.add('front door'.replace(' ', '.'), [info]);
  const { fragments } = (await web.json('/api/streams/front.door/fragments', {
    headers: web.admin,
  })) as Fragments;
  assert.equal(fragments[0]?.url, `/play/front.door/segment/${info.number}.m4s`);
  assert.equal(fragments[0]?.initUrl, '/play/front.door/init/0123456789abcdef.mp4');
});

test('questions that make no sense are refused', async (t) => {
  const { streams, json, admin: headers } = await startWeb(t);
  streams.add('cam');
  for (const query of [
    'ranges?from=5&to=5',
    'ranges?from=now',
    'ranges?clock=mine',
    'fragments?from=1&after=1',
  ]) {
    assertMatches('Error', await json(`/api/streams/cam/${query}`, { headers, status: 400 }));
  }
});

test('a token for a range sees that range and no more', async (t) => {
  const { streams, access, json, nowMs } = await startWeb(t);
  streams.add('cam', withGap());
  const range = { fromMs: START_MS, toMs: START_MS + 10_000 };
  const token = access.issuePlaybackToken({ stream: 'cam', live: false, range, expiresMs: nowMs + 1000 });
  const ask = (path: string, status: number) => json(`/api/streams/cam/${path}&token=${token}`, { status });
  await ask(`ranges?from=${START_MS}&to=${START_MS + 10_000}`, 200);
  await ask(`fragments?from=${START_MS}&to=${START_MS + 10_000}`, 200);
  await ask(`ranges?from=${START_MS}&to=${START_MS + 10_001}`, 403);
  await ask(`ranges?from=${START_MS}&to=${START_MS + 10_000}&clock=server`, 403);
  await ask(`fragments?from=${START_MS}`, 403);
  await ask('fragments?after=0', 403);
});

test('a log that cannot be read is our fault, said without its inside', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add('cam', withGap());
  cam.listError = new LogReadError('io-error', 'EIO at /data/streams/cam/1.mp4');
  const answer = await web.json('/api/streams/cam/fragments', { headers: web.admin, status: 500 });
  assertMatches('Error', answer);
  assert.doesNotMatch(JSON.stringify(answer), /data/);
  assert.ok(web.logLines.some((line) => line.includes('EIO at /data/streams/cam/1.mp4')));
});
