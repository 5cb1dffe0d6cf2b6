import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fakeFragment } from '../../unit/server/web/support/fake-streams.ts';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { readEvents, type ServerSentEvent } from '../../unit/server/web/support/server-sent-events.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

type ReadEvent = ServerSentEvent<{ readonly ordinal: number }>;

/** Opens the event stream and reads events from it, one at a time. */
async function follow(
  t: TestContext,
  web: WebHarness,
  query = '',
  headers: Record<string, string> = web.admin,
) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await web.request(`/api/streams/cam/fragments/events${query}`, {
    headers,
    signal: stop.signal,
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.ok(response.body);
  const events = readEvents<ReadEvent['data']>(response.body);
  const next = async (): Promise<ReadEvent> => {
    const { value, done } = await events.next();
    assert.ok(!done, 'the stream of events ended');
    return value;
  };
  return { next, stop: () => stop.abort() };
}

/** The app subscribes after it has answered; a turn of the event loop later everything is set up. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('fragments are followed on their way to the disk', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add('cam');
  const { next, stop } = await follow(t, web);
  await until(() => cam.followers === 1);
  cam.tell('received', fakeFragment(0));
  cam.persist(fakeFragment(0));
  cam.tell('lost', fakeFragment(1), 'disk-full');
  const [received, persisted, lost] = [await next(), await next(), await next()];
  assert.deepEqual([received.event, received.id], ['received', undefined]);
  assert.deepEqual([persisted.event, persisted.id], ['persisted', '0']);
  assert.deepEqual([lost.event, lost.id], ['lost', '1']);
  for (const { data } of [received, persisted, lost]) assertMatches('FragmentEvent', data);
  assert.deepEqual(persisted.data, {
    stream: 'cam',
    number: fakeFragment(0).number,
    ordinal: 0,
    producerMs: fakeFragment(0).producerMs,
    serverMs: fakeFragment(0).serverMs,
    durationMs: 2000,
    sizeBytes: 500_000,
  });
  stop();
  await until(() => cam.followers === 0);
});

test('a reconnect gets what it missed from the log', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add(
    'cam',
    Array.from({ length: 300 }, (_, i) => fakeFragment(i)),
  );
  const { next } = await follow(t, web, '?after=250', { ...web.admin, 'last-event-id': '5' });
  for (let ordinal = 6; ordinal < 300; ordinal++) assert.equal((await next()).data.ordinal, ordinal);
  cam.persist(fakeFragment(300));
  assert.equal((await next()).id, '300');
});

test('who may watch live only is told of nothing older than the live window', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add(
    'cam',
    Array.from({ length: 50 }, (_, i) => fakeFragment(i)),
  );
  const scope = { stream: 'cam', live: true, range: null, expiresMs: web.nowMs + 1000 };
  const token = web.access.issuePlaybackToken(scope);
  const { next } = await follow(t, web, `?after=0&token=${token}`, {});
  await until(() => cam.followers === 1);
  cam.persist(fakeFragment(50));
  assert.equal((await next()).id, '50');
});

test('a client that does not read is dropped, and counted', async (t) => {
  const web = await startWeb(t, { maxFollowerBacklog: 50 });
  const cam = web.streams.add('cam');
  const { hostname, port } = new URL(web.url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  socket.write(
    `GET /api/streams/cam/fragments/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${web.admin.authorization}\r\n\r\n`,
  );
  await until(() => cam.followers === 1);
  let ordinal = 0;
  await until(() => {
    if (cam.followers > 0) cam.tell('received', fakeFragment(ordinal++));
    return cam.followers === 0;
  });
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  assert.match(await web.metrics.metrics(), /framelog_event_followers_dropped_total 1/);
  assert.match(await web.metrics.metrics(), /framelog_event_followers 0/);
});

test('an idle stream is kept open by comments', async (t) => {
  const web = await startWeb(t, { heartbeatMs: 1 });
  web.streams.add('cam');
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await web.request('/api/streams/cam/fragments/events', {
    headers: web.admin,
    signal: stop.signal,
  });
  assert.ok(response.body);
  let text = '';
  for await (const bytes of response.body) {
    text += Buffer.from(bytes).toString();
    if (text.includes(': still here\n\n: still here\n\n')) break;
  }
  assert.match(text, /^retry: 2000\n\n/);
});

test('there is a bound on followers, and a right is needed', async (t) => {
  const web = await startWeb(t, { maxFollowers: 1 });
  const cam = web.streams.add('cam');
  await follow(t, web);
  await until(() => cam.followers === 1);
  const answer = await web.json('/api/streams/cam/fragments/events', { headers: web.admin, status: 503 });
  assertMatches('Error', answer);
  const other = web.keys.add([{ action: 'view', stream: 'other' }], web.nowMs);
  const headers = { authorization: `Bearer ${other.secret}` };
  await web.json('/api/streams/cam/fragments/events', { headers, status: 403 });
  await web.json('/api/streams/none/fragments/events', { headers: web.admin, status: 404 });
});

test('a server that closes ends its event streams', async (t) => {
  const web = await startWeb(t);
  const cam = web.streams.add('cam');
  const response = await web.request('/api/streams/cam/fragments/events', { headers: web.admin });
  await until(() => cam.followers === 1);
  web.closing.abort();
  assert.equal(await response.text(), 'retry: 2000\n\n');
  assert.equal(cam.followers, 0);
});
