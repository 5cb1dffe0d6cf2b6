import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { publishFile } from '../../../server/ingest/rtmp/file-publisher.ts';
import { seen, startScriptedServer } from '../../e2e/support/scripted-detection.ts';
import { until } from '../../e2e/support/until.ts';
import { Mosquitto } from './support/mosquitto.ts';
import { Receiver } from './support/receiver.ts';

const CLIP = fileURLToPath(new URL('../../../samples/demo.mp4', import.meta.url));

test('from a camera to the broker and a webhook, with a picture; and nothing stays of a stream that is deleted', async (t) => {
  const broker = await Mosquitto.start(t);
  const listener = await broker.subscribe(t);
  const receiver = await Receiver.start(t);
  const server = await startScriptedServer(
    ({ frame, index }) => {
      const thing = { trackId: 't1', label: 'person', box: [0.1, 0.1, 0.2, 0.5] as const };
      return index === 30 ? seen('cam', frame, [{ ...thing, phase: 'enter' }]) : undefined;
    },
    { mqtt: { url: broker.url, snapshotWidth: 160 } },
  );
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  t.after(close);
  await listener.until('framelog/available', 'online');
  const created = await fetch(`${server.httpUrl}/api/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'siren', url: receiver.url, filter: { types: ['object'] } }),
  });
  assert.equal(created.status, 201);

  const ended = new AbortController();
  t.after(() => ended.abort());
  const camera = publishFile(CLIP, `${server.rtmpUrl}/live/cam`, { signal: ended.signal }).catch((error) => {
    if (!ended.signal.aborted) throw error;
  });
  await receiver.untilPosted(1);
  const { data: event } = JSON.parse(receiver.posted[0]?.body ?? '');
  assert.equal(event.trackId, 't1');
  await listener.until('framelog/cam/person', '1');
  assert.equal(JSON.parse(listener.last('framelog/cam/detections') ?? '').id, event.id);
  const picture = await until('its picture', () =>
    listener.messages.findLast(({ topic }) => topic === 'framelog/cam/person/snapshot'),
  );
  assert.equal((await sharp(picture.bytes).metadata()).width, 160);
  assert.ok(listener.last('homeassistant/image/framelog_cam/person_snapshot/config'));
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  assert.match(metrics, /^framelog_mqtt_connected 1$/m);
  assert.match(metrics, /^framelog_webhook_requests_total\{outcome="delivered"\} 1$/m);

  ended.abort();
  await camera;
  await until('the stream is deleted', async () => {
    const { status } = await fetch(`${server.httpUrl}/api/streams/cam`, { method: 'DELETE' });
    return status === 204 || status === 404;
  });
  await listener.until('homeassistant/image/framelog_cam/person_snapshot/config', '');
  await listener.until('framelog/cam/person', '');
  await listener.until('framelog/cam/person/snapshot', '');
  await close();
  await listener.until('framelog/available', 'offline');
});
