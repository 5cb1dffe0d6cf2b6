import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import {
  type ClipFragmentSelectorType,
  type Fragment,
  GetClipCommand,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { until } from '../../e2e/support/until.ts';
import { startAwsServer } from './support/aws-server.ts';
import { temporaryFile } from './support/mkvinfo.ts';
import { runAwsCli, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext, settings: Readonly<Record<string, unknown>> = {}) {
  const server = await startAwsServer(t, settings);
  const { archived, video } = sdkClients(t, server);
  const fragments = async (): Promise<Fragment[]> => {
    const { Fragments = [] } = await archived.send(
      new ListFragmentsCommand({
        StreamName: 'gate',
        FragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          TimestampRange: {
            StartTimestamp: new Date(Date.now() - 600_000),
            EndTimestamp: new Date(Date.now() + 600_000),
          },
        },
      }),
    );
    return Fragments.toSorted((a, b) => ((a.FragmentNumber ?? '') < (b.FragmentNumber ?? '') ? -1 : 1));
  };
  const getClip = async (
    StartTimestamp: Date | undefined,
    EndTimestamp: Date | undefined,
    FragmentSelectorType: ClipFragmentSelectorType = 'PRODUCER_TIMESTAMP',
    StreamName = 'gate',
  ): Promise<Buffer> => {
    const ClipFragmentSelector = { FragmentSelectorType, TimestampRange: { StartTimestamp, EndTimestamp } };
    const reply = await archived.send(new GetClipCommand({ StreamName, ClipFragmentSelector }));
    assert.equal(reply.ContentType, 'video/mp4');
    return Buffer.from((await reply.Payload?.transformToByteArray()) ?? []);
  };
  return {
    server,
    archived,
    video,
    fragments,
    getClip,
    push: (file = CAMERA) => pushByRtmp(server, 'gate', file),
  };
}

const invalid = (message: RegExp) => (error: Error) => {
  assert.equal(error.name, 'InvalidArgumentException');
  assert.match(error.message, message);
  return true;
};

test('a clip of all there is: packet for packet, picture for picture; the same by SDK, aws and boto3', async (t) => {
  const { server, push, fragments, getClip } = await start(t);
  await push();
  const all = await fragments();
  const [first, last] = [all[0]?.ProducerTimestamp, all.at(-1)?.ProducerTimestamp];
  const bytes = await getClip(first, last);
  const file = temporaryFile(t, 'clip.mp4');
  writeFileSync(file, bytes);
  const sizes = (packets: Awaited<ReturnType<typeof probePackets>>) =>
    (['video', 'audio'] as const).map((type) =>
      packets.filter((packet) => packet.type === type).map(({ sizeBytes }) => sizeBytes),
    );
  assert.deepEqual(sizes(await probePackets(file)), sizes(await probePackets(CAMERA)));
  assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(CAMERA));

  const selector = {
    FragmentSelectorType: 'PRODUCER_TIMESTAMP',
    // They send whole seconds.
    TimestampRange: {
      StartTimestamp: Math.floor((first?.getTime() ?? 0) / 1000),
      EndTimestamp: Math.ceil((last?.getTime() ?? 0) / 1000),
    },
  };
  const cliFile = temporaryFile(t, 'cli.mp4');
  const { code, stdout, stderr } = await runAwsCli(server, [
    ...['kinesis-video-archived-media', 'get-clip', '--stream-name', 'gate'],
    ...['--clip-fragment-selector', JSON.stringify(selector), cliFile],
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { ContentType: 'video/mp4' });
  assert.ok(readFileSync(cliFile).equals(bytes));
  const sha = await runBoto3(
    server,
    `import hashlib
reply = client('kinesis-video-archived-media').get_clip(
    StreamName='gate', ClipFragmentSelector=json.loads('${JSON.stringify(selector)}'))
answer(hashlib.sha256(reply['Payload'].read()).hexdigest())`,
  );
  assert.equal(sha, hash('sha256', bytes));
  assert.deepEqual(server.errorLines(), []);
});

test('fragments whose start is in the range, both ends included; by server time too', async (t) => {
  const { push, fragments, getClip } = await start(t);
  await push();
  const all = await fragments();
  const file = temporaryFile(t, 'part.mp4');
  const durationOf = async (bytes: Buffer) => {
    writeFileSync(file, bytes);
    return (await probePackets(file)).filter(({ type }) => type === 'video').length;
  };
  const [second, fourth] = [all[1]?.ProducerTimestamp, all[3]?.ProducerTimestamp];
  assert.equal(await durationOf(await getClip(second, fourth)), 150, 'three fragments of 50 pictures');
  const fromMs = Math.min(...all.map((each) => each.ServerTimestamp?.getTime() ?? 0));
  await until(
    'the last fragment to be in the past',
    () => Date.now() > Math.max(...all.map((each) => each.ServerTimestamp?.getTime() ?? 0)),
  );
  assert.equal(await durationOf(await getClip(new Date(fromMs), new Date(), 'SERVER_TIMESTAMP')), 500);
});

test('the limits make a clip short, silently; settings lift them', async (t) => {
  const { push, fragments, getClip } = await start(t, { clip: { maxFragments: 3 } });
  await push();
  const all = await fragments();
  const bytes = await getClip(all[0]?.ProducerTimestamp, all.at(-1)?.ProducerTimestamp);
  const file = temporaryFile(t, 'short.mp4');
  writeFileSync(file, bytes);
  assert.equal((await probePackets(file)).filter(({ type }) => type === 'video').length, 150);
});

test('what cannot be done is refused in the words of the model', async (t) => {
  const { server, push, fragments, getClip, video } = await start(t);
  await push();
  const [first] = await fragments();
  const atMs = first?.ProducerTimestamp?.getTime() ?? 0;
  const at = (offsetMs: number) => new Date(atMs + offsetMs);
  await assert.rejects(getClip(at(0), at(0)), invalid(/after the StartTimestamp/));
  await assert.rejects(getClip(at(5000), at(0)), invalid(/after the StartTimestamp/));
  await assert.rejects(getClip(at(0), at(86_400_001)), invalid(/24 hours/));
  await assert.rejects(
    getClip(at(0), new Date(Date.now() + 60_000), 'SERVER_TIMESTAMP'),
    invalid(/in the past/),
  );
  await assert.rejects(getClip(at(-60_000), at(-50_000)), {
    name: 'ResourceNotFoundException',
    message: 'No fragments found in the stream for the clip request.',
  });
  await assert.rejects(getClip(at(0), at(9000), 'PRODUCER_TIMESTAMP', 'nobody'), {
    name: 'ResourceNotFoundException',
  });
  await video.send(new CreateStreamCommand({ StreamName: 'fleeting', DataRetentionInHours: 0 }));
  await assert.rejects(getClip(at(0), at(9000), 'PRODUCER_TIMESTAMP', 'fleeting'), {
    name: 'NoDataRetentionException',
  });

  await push(clip('parking-720p-h264.mp4'));
  const all = await fragments();
  await assert.rejects(getClip(all[0]?.ProducerTimestamp, all.at(-1)?.ProducerTimestamp), {
    name: 'InvalidCodecPrivateDataException',
  });
  const stranger = server.addKey([{ action: 'view', stream: 'other' }]);
  const { archived } = sdkClients(t, server, stranger);
  const ClipFragmentSelector = {
    FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const,
    TimestampRange: { StartTimestamp: at(0), EndTimestamp: at(9000) },
  };
  await assert.rejects(archived.send(new GetClipCommand({ StreamName: 'gate', ClipFragmentSelector })), {
    name: 'NotAuthorizedException',
  });
  assert.deepEqual(server.errorLines(), []);
});
