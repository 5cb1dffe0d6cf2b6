import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import type { WatchResult } from '../../../ml/supervisor/watch-result.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { eventOf, idOf } from '../../unit/server/detection/support/events.ts';
import { MODEL } from '../../unit/server/detection/support/scripted-supervisor.ts';
import { START_MS } from '../../unit/server/web/support/fake-streams.ts';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { readEvents } from '../../unit/server/web/support/server-sent-events.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

interface Page {
  readonly events: readonly (DetectionEvent & { readonly seq: number })[];
  readonly next: string | null;
}

function commit(web: WebHarness, parts: Partial<DetectionEvent>): DetectionEvent {
  const event = eventOf({ producerMs: START_MS, ...parts });
  web.detection.events.commit({ stream: event.stream, watch: event.watch, events: [event] });
  return event;
}

/** Reads server-sent events one at a time. */
async function follow(t: TestContext, web: WebHarness, path: string, headers: Record<string, string>) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await web.request(path, { headers, signal: stop.signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const events = readEvents<DetectionEvent & { readonly faces: unknown }>(response.body ?? assert.fail());
  return async () => {
    const { value, done } = await events.next();
    assert.ok(!done, 'the stream of events ended');
    return value;
  };
}

const viewerOf = (web: WebHarness, stream: string) => ({
  authorization: `Bearer ${web.keys.add([{ action: 'view', stream }], web.nowMs).secret}`,
});

test('what was detected is found, page by page, by whoever may view the stream', async (t) => {
  const web = await startWeb(t);
  const people = [0, 1, 2].map((i) => commit(web, { producerMs: START_MS + i, zones: ['yard'] }));
  const car = commit(web, { stream: 'door', label: 'car', group: 'vehicle', producerMs: START_MS + 10 });
  const search = async (query: string, headers: Record<string, string> = web.admin) => {
    const page = (await web.json(`/api/events?${query}`, { headers })) as Page;
    assertMatches('EventPage', page);
    return page;
  };
  const ids = ({ events }: Page) => events.map(({ id }) => id);
  const all = await search('');
  assert.deepEqual(
    ids(all),
    [car, ...people.toReversed()].map(({ id }) => id),
  );
  assert.equal(all.next, null);
  assert.equal(all.events[0]?.seq, 4);
  const first = await search('label=person&limit=2&order=oldest');
  assert.deepEqual(
    ids(first),
    people.slice(0, 2).map(({ id }) => id),
  );
  const second = await search(`label=person&limit=2&order=oldest&cursor=${first.next}`);
  assert.deepEqual(ids(second), [people[2]?.id]);
  assert.deepEqual(ids(await search('label=person&label=vehicle&stream=door')), [car.id]);
  assert.deepEqual(ids(await search(`zone=yard&from=${START_MS + 1}&to=${START_MS + 2}`)), [people[1]?.id]);
  assert.deepEqual(ids(await search(`type=object&phase=enter&minScore=0.7`)), []);
  assert.deepEqual(
    ids(await search(`track=${idOf('track')}&model=centernet&archive=false&stream=cam`)).length,
    3,
  );

  assert.deepEqual(ids(await search('', viewerOf(web, 'door'))), [car.id]);
  await web.json('/api/events?stream=cam', { headers: viewerOf(web, 'door'), status: 403 });
  for (const bad of [
    'limit=0',
    'type=thing',
    'minScore=2',
    'cursor=x',
    'from=soon',
    'order=up',
    `from=${START_MS}&to=${START_MS}`,
  ]) {
    await web.json(`/api/events?${bad}`, { headers: web.admin, status: 400 });
  }

  assertMatches('StoredEvent', await web.json(`/api/events/${car.id}`, { headers: web.admin }));
  await web.json(`/api/events/${car.id}`, { headers: viewerOf(web, 'cam'), status: 404 });
  await web.json(`/api/events/${idOf('nothing')}`, { headers: web.admin, status: 404 });
});

test('a token for a range sees what was detected in it, and nothing else', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam');
  const event = commit(web, { producerMs: START_MS + 500 });
  const range = { fromMs: START_MS, toMs: START_MS + 1000 };
  const token = web.access.issuePlaybackToken({
    stream: 'cam',
    live: false,
    range,
    expiresMs: web.nowMs + 60_000,
  });
  const inside = `from=${range.fromMs}&to=${range.toMs}&token=${encodeURIComponent(token)}`;
  const page = (await web.json(`/api/events?stream=cam&${inside}`)) as Page;
  assert.deepEqual(
    page.events.map(({ id }) => id),
    [event.id],
  );
  await web.json(`/api/events?stream=cam&token=${encodeURIComponent(token)}`, { status: 403 });
  await web.json(`/api/events/${event.id}?token=${encodeURIComponent(token)}`);
});

test('objects that entered are counted for a time line', async (t) => {
  const web = await startWeb(t);
  for (const minutes of [0, 1, 59, 61, 200]) commit(web, { producerMs: START_MS + minutes * 60_000 });
  commit(web, { producerMs: START_MS, label: 'bus', group: 'vehicle' });
  commit(web, { producerMs: START_MS, phase: 'leave' });
  const range = `from=${START_MS}&to=${START_MS + 6 * 3_600_000}`;
  const counts = await web.json(`/api/events/counts?${range}`, { headers: web.admin });
  assertMatches('EventCounts', counts);
  assert.deepEqual((counts as { bins: object[] }).bins, [
    { startMs: START_MS, counts: { person: 3, vehicle: 1 } },
    { startMs: START_MS + 3_600_000, counts: { person: 1 } },
    { startMs: START_MS + 3 * 3_600_000, counts: { person: 1 } },
  ]);
  const minutes = (await web.json(`/api/events/counts?${range}&bin=60000&label=person`, {
    headers: web.admin,
  })) as { bins: object[] };
  assert.equal(minutes.bins.length, 5);
  await web.json(`/api/events/counts?${range}&bin=1000`, { headers: web.admin, status: 400 });
  await web.json('/api/events/counts?bin=10', { headers: web.admin, status: 400 });
  await web.json('/api/events/counts?stream=cam', { headers: viewerOf(web, 'door'), status: 403 });
});

test('events are followed from where a client was, filtered, each once', async (t) => {
  const web = await startWeb(t);
  web.nowMs = START_MS + 1000;
  const missed = commit(web, { producerMs: START_MS + 1 });
  const next = await follow(t, web, '/api/events/follow?after=0&label=person', web.admin);
  assert.equal((await next()).event, 'position');
  const first = await next();
  assert.deepEqual([first.event, first.id, first.data.id], ['detection', '1', missed.id]);
  commit(web, { label: 'car', group: 'vehicle', producerMs: START_MS + 2 });
  const later = commit(web, { producerMs: START_MS + 3 });
  const told = await next();
  assert.deepEqual([told.id, told.data.id], ['3', later.id]);
  assertMatches('DetectionEvent', told.data);

  const resumed = await follow(t, web, '/api/events/follow', { ...web.admin, 'last-event-id': '2' });
  await resumed();
  assert.equal((await resumed()).id, '3');
  await web.json('/api/events/follow', { status: 401 });
  await web.json('/api/events/follow?stream=cam', { headers: viewerOf(web, 'door'), status: 403 });
});

test('who follows is told of streams that he may see only', async (t) => {
  const web = await startWeb(t);
  web.nowMs = START_MS + 1000;
  const next = await follow(t, web, '/api/events/follow?after=0', viewerOf(web, 'door'));
  await next();
  commit(web, { stream: 'cam' });
  const seen = commit(web, { stream: 'door' });
  assert.equal((await next()).data.id, seen.id);
});

test('how a stream is watched is set by admins, seen by viewers, and taken back', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam');
  web.catalog.insertStream(web.streams.record('cam') ?? assert.fail());
  const path = '/api/streams/cam/detection';
  const fresh = await web.json(path, { headers: viewerOf(web, 'cam') });
  assertMatches('StreamDetection', fresh);
  assert.deepEqual(fresh, {
    settings: watchSettingsSchema.parse({ tier: 'off' }),
    isDefault: true,
    dataStream: 'framelog-events',
    status: null,
  });
  const zones = [
    {
      name: 'door',
      polygon: [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    },
  ];
  const patch = (json: object, init: { status?: number; headers?: Record<string, string> } = {}) =>
    web.json(path, { method: 'PATCH', headers: web.admin, json, ...init });
  await patch({ tier: 'fps:2', zones, dataStream: 'doors' });
  const set = await patch({ timeoutSeconds: 9 });
  assertMatches('StreamDetection', set);
  assert.deepEqual(set, {
    settings: watchSettingsSchema.parse({ tier: 'fps:2', zones, timeoutSeconds: 9 }),
    isDefault: false,
    dataStream: 'doors',
    status: null,
  });
  await patch({ tier: 'fps:99' }, { status: 400 });
  await patch({ tear: 'off' }, { status: 400 });
  await patch({ dataStream: 'no/name' }, { status: 400 });
  await patch({ zones: [{ name: 'z', polygon: [[0, 0]] }] }, { status: 400 });
  await patch({ tier: 'off' }, { status: 403, headers: viewerOf(web, 'cam') });
  await web.json('/api/streams/nobody/detection', { headers: web.admin, status: 404 });
  await web.json(path, { headers: viewerOf(web, 'door'), status: 403 });
  assert.equal((await web.request(path, { method: 'DELETE', headers: web.admin })).status, 204);
  assert.deepEqual(await web.json(path, { headers: web.admin }), fresh);
});

test('what is seen in each frame is told as it comes, without what tells faces apart', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam');
  const told = Promise.withResolvers<(result: WatchResult) => void>();
  t.mock.method(
    web.detection.service,
    'onResult',
    (_stream: string, listener: (result: WatchResult) => void) => {
      told.resolve(listener);
      return () => {};
    },
  );
  const next = await follow(t, web, '/api/streams/cam/detections', viewerOf(web, 'cam'));
  const tell = await told.promise;
  const frame = { fragmentNumber: '1'.repeat(47), offsetMs: 0, producerMs: START_MS, serverMs: START_MS };
  const face = {
    box: [0, 0, 0.1, 0.1] as const,
    score: 0.9,
    landmarks: [],
    trackId: 'x',
    embedding: new Float32Array(4),
  };
  tell({
    frame,
    picture: { width: 640, height: 360 },
    skipped: undefined,
    model: MODEL,
    objects: [
      {
        label: 'person',
        group: 'person',
        score: 0.5,
        box: [0, 0, 0.5, 0.5],
        trackId: idOf('t'),
        isConfirmed: true,
        trackConfidence: 0.9,
        enteredMs: START_MS,
        topScore: 0.5,
      },
    ],
    faces: [face],
    events: [],
    state: undefined,
    timings: { decodeMs: 1, inferMs: 2, totalMs: 3 },
  });
  const { event, data } = await next();
  assert.equal(event, 'result');
  assertMatches('DetectionResult', data);
  assert.deepEqual(data.faces, [{ box: [0, 0, 0.1, 0.1], score: 0.9, trackId: 'x' }]);
  await web.json('/api/streams/cam/detections', { headers: viewerOf(web, 'door'), status: 403 });
  await web.json('/api/streams/nobody/detections', { headers: web.admin, status: 404 });
});

test('admins see how detection is doing; the readiness check says what it works with', async (t) => {
  const web = await startWeb(t);
  web.detection.start();
  commit(web, {});
  const state = (await web.json('/api/detection', { headers: web.admin })) as { sinks: { name: string }[] };
  assertMatches('DetectionState', state);
  assert.deepEqual(
    state.sinks.map(({ name }) => name),
    ['data-stream'],
  );
  await web.json('/api/detection', { headers: viewerOf(web, '*'), status: 403 });
  web.health = { checks: { detection: true }, detection: { backend: 'wasm', simd: true, decoder: 'native' } };
  const ready = await web.json('/readyz');
  assertMatches('Readiness', ready);
  assert.deepEqual((ready as { detection: object }).detection, web.health.detection);
});
