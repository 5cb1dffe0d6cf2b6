import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { type DetectionEvent, detectionEventSchema } from '../../../ml/events/detection-event.ts';
import { until } from '../../e2e/support/until.ts';
import { type AwsTestServer, startAwsServer } from '../aws/support/aws-server.ts';
import { putClip } from '../aws/support/put-clip.ts';
import { jobDone, restCall } from '../aws/support/rest-call.ts';
import { clip, pushByRtmp } from '../aws/support/rtmp-clip.ts';
import { sdkClients } from '../aws/support/sdk-clients.ts';

/**
 * What the default model says of the key frames of real clips, in each codec, all the way: PutMedia or RTMP, the log, a worker,
 * and the data stream as the AWS SDK reads it. Measured once outside of Framelog (detection.md, "Golden expectations"):
 * P a person, V a vehicle, at 0, 2, 4... seconds. It is what the model says, with its misses, not what is there.
 */
const PARKING = ['', '', '', '', 'P', 'P', 'PV', 'PV', '', ''];
const GOLDEN = [
  { file: 'parking-360p-h264.mp4', by: 'rtmp', says: PARKING },
  { file: 'parking-720p-h264.mp4', by: 'put-media', says: PARKING },
  { file: 'parking-360p-h265.mp4', by: 'rtmp', says: PARKING },
  { file: 'parking-360p-vp8.webm', by: 'put-media', says: PARKING },
  { file: 'parking-360p-vp9.webm', by: 'put-media', says: PARKING },
  { file: 'parking-360p-av1.mp4', by: 'rtmp', says: PARKING },
  // The table has a V at 8 s too: 0.289 here (docs/decisions/2026-11-21-golden-table.md).
  { file: 'cars-360p-h264.mp4', by: 'rtmp', says: ['', '', '', '', '', '', '', '', '', 'V'] },
  { file: 'person-360p-h264.mp4', by: 'put-media', says: ['', 'P', 'P', 'P', 'P', 'P', 'P', '', '', 'P'] },
  { file: 'faces-360p-h264.mp4', by: 'rtmp', says: ['P', 'P', 'P', 'P', 'P', 'P'] },
] as const;

const LETTERS: Readonly<Record<string, string>> = { person: 'P', vehicle: 'V' };

/** Every key frame is looked at, and says at once what it shows. */
const SETTINGS = {
  tier: 'keyframes',
  motionGate: false,
  minScore: 0.3,
  confirmHits: 1,
  updateSeconds: 0.001,
  labels: ['person', 'vehicle'],
};

const streamOf = (file: string) => file.replace('.', '-');

test('the golden table, in each codec, from the camera to a reader of the data stream', async (t) => {
  const server = await startAwsServer(t, { records: { enforceLimits: false } });
  const startMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  for (const { file, by } of GOLDEN) {
    if (by === 'rtmp') await pushByRtmp(server, streamOf(file), clip(file));
    else await putClip({ ...server, key: server.admin, stream: streamOf(file) }, clip(file), startMs);
  }
  const jobs = await Promise.all(GOLDEN.map(({ file }) => startJob(server, streamOf(file))));
  for (const job of jobs) await jobDone(server, job);
  const events = await readAll(t, server);
  for (const { file, says } of GOLDEN) {
    const own = events.filter(({ stream }) => stream === streamOf(file));
    assert.deepEqual(saidAtKeyFrames(own, await keyFrameTimes(server, streamOf(file))), says, file);
    assert.ok(own.every(({ model }) => model.name === 'centernet' && /^[0-9a-f]{64}$/.test(model.sha256)));
  }
  assert.deepEqual(server.errorLines(), []);
});

interface Fragment {
  readonly number: string;
}

/** Numbers of the fragments, each of which begins with a key frame. */
async function keyFrameTimes(server: AwsTestServer, stream: string): Promise<string[]> {
  const { fragments } = (await restCall(server, 'GET', `/api/streams/${stream}/fragments`)) as {
    fragments: Fragment[];
  };
  return fragments.map(({ number }) => number);
}

function saidAtKeyFrames(events: readonly DetectionEvent[], fragments: readonly string[]): string[] {
  return fragments.map((number) => {
    const letters = events
      .filter(({ fragmentNumber, phase }) => fragmentNumber === number && phase !== 'leave')
      .map(({ group = '' }) => LETTERS[group] ?? group);
    return [...new Set(letters)].sort().join('');
  });
}

async function startJob(server: AwsTestServer, stream: string): Promise<string> {
  const job = await restCall(server, 'POST', '/api/detection-jobs', { stream, settings: SETTINGS });
  return (job as { id: string }).id;
}

/** All that is on the data stream, once everything that is known is there. */
async function readAll(t: TestContext, server: AwsTestServer): Promise<DetectionEvent[]> {
  const { kinesis } = sdkClients(t, server);
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: 'framelog-events',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { events } = (await restCall(server, 'GET', '/api/events?limit=1000')) as {
    events: DetectionEvent[];
  };
  assert.ok(events.length < 1000);
  const missing = new Set(events.map(({ id }) => id));
  const read: DetectionEvent[] = [];
  let iterator = ShardIterator;
  await until('all events on the data stream', async () => {
    const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const { Data, PartitionKey } of page.Records ?? []) {
      const event = detectionEventSchema.parse(JSON.parse(Buffer.from(Data ?? []).toString()));
      assert.equal(PartitionKey, event.stream);
      missing.delete(event.id);
      read.push(event);
    }
    iterator = page.NextShardIterator;
    return missing.size === 0;
  });
  return read;
}
