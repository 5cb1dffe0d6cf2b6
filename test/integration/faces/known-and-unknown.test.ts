import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DetectionEvent, detectionEventSchema } from '../../../ml/events/detection-event.ts';
import { until } from '../../e2e/support/until.ts';
import { type AwsTestServer, startAwsServer } from '../aws/support/aws-server.ts';
import { hourAgo, putClip } from '../aws/support/put-clip.ts';
import { restCall } from '../aws/support/rest-call.ts';
import { clip, pushByRtmp } from '../aws/support/rtmp-clip.ts';

const FACES = clip('faces-360p-h264.mp4');
/** Twelve seconds in four. */
const SPEED = 3;

/** Of the three people in the clip, the one on the left. */
const LEFT = [0.05, 0.2, 0.25, 0.6];

async function eventsOf(server: AwsTestServer, stream: string): Promise<DetectionEvent[]> {
  const page = await restCall(server, 'GET', `/api/events?stream=${stream}&limit=1000`);
  return (page as { events: object[] }).events.map(
    (event) => detectionEventSchema.loose().parse(event) as DetectionEvent,
  );
}

/** In which third of the picture the face is. */
function thirdOf({ face }: DetectionEvent): number {
  const [left = 0, , width = 0] = face?.box ?? [];
  return Math.floor((left + width / 2) * 3);
}

test('who was added from a past frame is known in a live stream, the others are not, and without consent nobody is looked at', async (t) => {
  const server = await startAwsServer(t, { detection: { workers: 1 } });
  const startMs = hourAgo();
  await putClip({ ...server, key: server.admin, stream: 'yesterday' }, FACES, startMs);
  await restCall(server, 'POST', '/api/galleries', { name: 'staff' });
  for (const second of [2, 6]) {
    const at = startMs + second * 1000;
    const added = await restCall(server, 'POST', '/api/galleries/staff/faces', {
      person: 'Ada',
      stream: 'yesterday',
      at,
      box: LEFT,
    });
    assert.equal(thirdOf({ face: added } as DetectionEvent), 0);
  }

  const watched = {
    tier: 'keyframes',
    motionGate: false,
    minScore: 0.3,
    confirmHits: 1,
    timeoutSeconds: 0.5,
  };
  const watch = async (stream: string, consent: boolean) => {
    await restCall(server, 'POST', '/api/streams', { name: stream });
    const faces = { consent, gallery: 'staff' };
    await restCall(server, 'PATCH', `/api/streams/${stream}/detection`, { ...watched, faces });
    await pushByRtmp(server, stream, FACES, { speed: SPEED });
  };
  await Promise.all([watch('door', true), watch('hall', false)]);

  // Who was followed leaves when the stream has ended; what is to be said of his face is said by then.
  const followed = (events: readonly DetectionEvent[], phase: string) =>
    new Set(
      events.flatMap(({ type, phase: own, trackId }) =>
        type === 'object' && own === phase ? [trackId] : [],
      ),
    );
  const allOf = (stream: string) =>
    until(`everybody to leave ${stream}`, async () => {
      const events = await eventsOf(server, stream);
      const entered = followed(events, 'enter');
      return entered.size > 0 && followed(events, 'leave').size === entered.size && events;
    });
  const hall = await allOf('hall');
  assert.deepEqual(
    hall.filter(({ type }) => type === 'face'),
    [],
  );

  const faces = (await allOf('door')).filter(({ type }) => type === 'face');
  const said = faces.map(
    (event) => `${event.face?.result} ${event.face?.person ?? '-'} at ${thirdOf(event)}`,
  );
  assert.deepEqual([...new Set(said)].sort(), ['known Ada at 0', 'unknown - at 1', 'unknown - at 2']);
  assert.equal(new Set(faces.map(({ trackId, face }) => `${trackId} ${face?.result}`)).size, faces.length);
  for (const { face } of faces) {
    const similarity = face?.similarity ?? 0;
    assert.ok(
      face?.result === 'known' ? similarity >= 0.75 : similarity < 0.7,
      `${face?.result} ${similarity}`,
    );
  }

  // The alert leads to the frame, and to the recording around it.
  const alert = faces.find(({ face }) => face?.result === 'unknown');
  const authorization = `Bearer ${server.admin.secret}`;
  const picture = `/play/door/image.jpg?fragment=${alert?.fragmentNumber}&offset=${alert?.frameOffsetMs}`;
  const recording = `/play/door/clip.mp4?start=${alert?.clip?.fromMs}&end=${alert?.clip?.toMs}`;
  for (const path of [picture, recording]) {
    const response = await fetch(server.endpoint + path, { headers: { authorization } });
    assert.equal(response.status, 200, path);
    assert.ok((await response.bytes()).length > 1000);
  }

  // Nothing of a face in the log.
  assert.equal(
    server.logLines.some((line) => line.includes('Ada') || line.includes('embedding')),
    false,
  );
  assert.deepEqual(server.errorLines(), []);
});
