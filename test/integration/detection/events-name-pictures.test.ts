import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import type { DetectionEvent } from '../../../ml/events/detection-event.ts';
import { pictureOfFile } from '../../../ml/picture/picture-of-file.ts';
import { until } from '../../e2e/support/until.ts';
import { makeCounterClip, readCounter } from '../../support/counter-clip.ts';
import { type AwsTestServer, startAwsServer } from '../aws/support/aws-server.ts';
import { putClip } from '../aws/support/put-clip.ts';
import { jobDone, restCall } from '../aws/support/rest-call.ts';
import { pushByRtmp } from '../aws/support/rtmp-clip.ts';
import { supervisorOf } from './support/worker-rig.ts';

/** Every look says what it sees, at once. */
const SETTINGS = { motionGate: false, confirmHits: 1, tier: 'fps:5', model: 'counter' };
const SECONDS = 3;
/** How scripted-worker.ts calls what it reads in a picture. */
const LABEL = 'picture-';

const B_FRAMES = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '3', '-g', '25', '-crf', '30'];
const CLIPS = [
  { name: 'h264-open', by: 'rtmp', encoder: [...B_FRAMES, '-x264-params', 'open-gop=1'], ends: 'mp4' },
  {
    name: 'h265-open',
    by: 'rtmp',
    encoder: [
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'bframes=4:open-gop=1:keyint=25:log-level=1',
      '-tag:v',
      'hvc1',
    ],
    ends: 'mp4',
  },
  {
    name: 'vp9',
    by: 'put-media',
    encoder: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25', '-b:v', '300k'],
    ends: 'webm',
  },
] as const;

async function startCounting(t: TestContext): Promise<AwsTestServer> {
  const detectionSupervisor = supervisorOf(t);
  // A worker that is up: the clips are short, and it takes seconds to come up on a busy machine.
  const black = { width: 8, height: 8, channels: 3, background: 'black' } as const;
  await detectionSupervisor.look({ file: await sharp({ create: black }).png().toBuffer() });
  return startAwsServer(t, { records: { enforceLimits: false } }, { detectionSupervisor });
}

/** Makes one of the clips; answers its path. */
function makeClip(t: TestContext, { name, encoder, ends }: (typeof CLIPS)[number]): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-counter-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, `${name}.${ends}`);
  makeCounterClip(file, { seconds: SECONDS, encoder });
  return file;
}

test('an event names the very picture that it speaks of, in recordings of every kind', async (t) => {
  const server = await startCounting(t);
  const startMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  for (const clip of CLIPS) {
    const { name, by } = clip;
    const file = makeClip(t, clip);
    if (by === 'rtmp') await pushByRtmp(server, name, file);
    else await putClip({ ...server, key: server.admin, stream: name }, file, startMs);
    await until(`${name} on the disk`, async () => {
      const { ranges } = (await restCall(
        server,
        'GET',
        `/api/streams/${name}/ranges?to=${Date.now() + 3_600_000}`,
      )) as { ranges: readonly { readonly startMs: number; readonly endMs: number }[] };
      const recordedMs = ranges.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
      return recordedMs > SECONDS * 1000 - 100;
    });
    const { id } = (await restCall(server, 'POST', '/api/detection-jobs', {
      stream: name,
      settings: SETTINGS,
    })) as {
      id: string;
    };
    await jobDone(server, id);
    const events = await eventsOf(server, name);
    const entered = events.filter(({ phase }) => phase === 'enter');
    // Five a second, give or take the ends.
    assert.ok(entered.length >= 5 * SECONDS - 2, `${name}: ${entered.length} looks`);
    assert.equal(new Set(entered.map(({ label }) => label)).size, entered.length, name);
    for (const event of events) await assertShows(server, event);
  }
  assert.deepEqual(server.errorLines(), []);
});

test('an event of a live camera names the picture too, and a look back finds the same', async (t) => {
  const server = await startCounting(t);
  await restCall(server, 'POST', '/api/streams', { name: 'live' });
  await restCall(server, 'PATCH', '/api/streams/live/detection', SETTINGS);
  await pushByRtmp(server, 'live', makeClip(t, CLIPS[0]), { speed: 1 });
  const live = await until('what was seen live', async () => {
    const events = await eventsOf(server, 'live');
    // The last one has left: nothing more comes.
    const open = new Set(events.map(({ trackId }) => trackId));
    for (const { phase, trackId } of events) if (phase === 'leave') open.delete(trackId);
    return events.length > 0 && open.size === 0 && events;
  });
  // A machine that is busy passes frames over; what it says must be right all the same.
  assert.ok(live.some(({ phase }) => phase === 'enter'));
  for (const event of live) await assertShows(server, event);

  const { id } = (await restCall(server, 'POST', '/api/detection-jobs', {
    stream: 'live',
    settings: SETTINGS,
    replaces: false,
  })) as { id: string };
  await jobDone(server, id);
  const back = (await eventsOf(server, 'live')).filter(({ watch }) => watch === `job:${id}`);
  const place = ({ fragmentNumber, frameOffsetMs, producerMs }: DetectionEvent) => ({
    fragmentNumber,
    frameOffsetMs,
    producerMs,
  });
  const places = new Map(
    back.filter(({ phase }) => phase === 'enter').map((event) => [event.label, place(event)]),
  );
  // Live may have begun a frame later, and passed some over.
  const both = live.filter(({ label }) => places.has(label));
  assert.ok(both.length > 0);
  for (const event of both) assert.deepEqual(place(event), places.get(event.label));
});

/** The picture that its thumbnail shows, and the one of its time, have the number that it was called after. */
async function assertShows(server: AwsTestServer, event: DetectionEvent): Promise<void> {
  const number = Number(event.label?.replace(LABEL, ''));
  const atTime = `/play/${event.stream}/image.jpg?at=${event.producerMs}`;
  for (const path of [event.thumbnail ?? '', atTime]) {
    const response = await fetch(`${server.endpoint}${path}`, { headers: authorized(server) });
    assert.equal(response.status, 200, path);
    const picture = await pictureOfFile(new Uint8Array(await response.arrayBuffer()));
    assert.equal(readCounter(picture), number, `${event.stream}: ${path}`);
  }
}

async function eventsOf(server: AwsTestServer, stream: string): Promise<DetectionEvent[]> {
  const answer = await restCall(server, 'GET', `/api/events?stream=${stream}&limit=1000&order=oldest`);
  return (answer as { events: DetectionEvent[] }).events.filter(({ label }) => label?.startsWith(LABEL));
}

const authorized = ({ admin }: AwsTestServer) => ({ authorization: `Bearer ${admin.secret}` });
