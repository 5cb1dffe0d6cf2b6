import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetClipCommand, GetImagesCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import sharp from 'sharp';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { startAwsServer } from './support/aws-server.ts';
import { temporaryFile } from './support/mkvinfo.ts';
import { putMedia } from './support/put-media-client.ts';
import { clip } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

/** Media that came by PutMedia, as clips and as pictures. */

const run = promisify(execFile);
const START_MS = 1_700_000_000_000;

async function start(t: TestContext) {
  const server = await startAwsServer(t);
  const { archived, video } = sdkClients(t, server);
  await video.send(new CreateStreamCommand({ StreamName: 'gate', DataRetentionInHours: 24 }));
  const push = async (body: Buffer) => {
    const headers = { 'x-amzn-producer-start-timestamp': String(START_MS / 1000) };
    const { endpoint, admin: key } = server;
    const call = putMedia({ endpoint, key, stream: 'gate', timecodeType: 'RELATIVE', headers });
    await call.write(body);
    call.end();
    const acks = await call.over;
    assert.ok(
      acks.some(({ EventType }) => EventType === 'PERSISTED'),
      JSON.stringify(acks),
    );
  };
  const TimestampRange = { StartTimestamp: new Date(START_MS), EndTimestamp: new Date(START_MS + 60_000) };
  const getClip = async () => {
    const ClipFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const, TimestampRange };
    const { Payload } = await archived.send(new GetClipCommand({ StreamName: 'gate', ClipFragmentSelector }));
    const file = temporaryFile(t, 'clip.mp4');
    writeFileSync(file, (await Payload?.transformToByteArray()) ?? '');
    return file;
  };
  const getImages = () =>
    archived.send(
      new GetImagesCommand({
        StreamName: 'gate',
        ...TimestampRange,
        EndTimestamp: new Date(START_MS + 15_000),
        ImageSelectorType: 'PRODUCER_TIMESTAMP',
        SamplingInterval: 5000,
        Format: 'JPEG',
      }),
    );
  return { server, push, getClip, getImages };
}

async function matroskaOf(input: string, ...coding: string[]): Promise<Buffer> {
  const args = ['-v', 'error', '-i', input, ...coding, '-f', 'matroska', '-live', '1'];
  args.push('-cluster_time_limit', '19000', '-write_crc32', '0', 'pipe:1');
  return (await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 << 20 })).stdout;
}

const CLIPS = [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-av1.mp4',
  'parking-360p-vp9.webm',
  'parking-360p-vp8.webm',
];

for (const name of CLIPS) {
  test(`${name}: the same packets and pictures in a clip, and images of it`, async (t) => {
    const { server, push, getClip, getImages } = await start(t);
    await push(await matroskaOf(clip(name), '-c', 'copy'));
    const file = await getClip();
    const sizes = (packets: Awaited<ReturnType<typeof probePackets>>) =>
      (['video', 'audio'] as const).map((type) =>
        packets.filter((packet) => packet.type === type).map(({ sizeBytes }) => sizeBytes),
      );
    assert.deepEqual(sizes(await probePackets(file)), sizes(await probePackets(clip(name))));
    assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(clip(name)));
    const { Images = [] } = await getImages();
    assert.equal(Images.length, 4);
    for (const { ImageContent, Error: error } of Images) {
      assert.equal(error, undefined);
      const { width, height } = await sharp(Buffer.from(ImageContent ?? '', 'base64')).metadata();
      assert.deepEqual([width, height], [640, 360]);
    }
    assert.deepEqual(server.errorLines(), []);
  });
}

test('G.711 of a producer', async (t) => {
  const { push, getClip } = await start(t);
  await push(
    await matroskaOf(clip('parking-360p-h264.mp4'), '-c:v', 'copy', '-c:a', 'pcm_mulaw', '-ar', '8000'),
  );
  const packets = await probePackets(await getClip());
  const bytes = packets
    .filter(({ type }) => type === 'audio')
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  assert.ok(Math.abs(bytes - 160_000) < 2000, `${bytes} bytes are 20 s`);
});

test('codec private data that is missing or broken is told as such', async (t) => {
  const document = await matroskaOf(clip('parking-360p-h264.mp4'), '-c', 'copy', '-an');
  const missing = await start(t);
  const at = document.indexOf(Buffer.from('63a2', 'hex'));
  assert.ok(at > 0, 'CodecPrivate');
  const hidden = Buffer.from(document);
  // An element that nobody knows, of the same form.
  hidden[at + 1] = 0xa1;
  await missing.push(hidden);
  await assert.rejects(missing.getClip(), { name: 'MissingCodecPrivateDataException' });
  assert.deepEqual(missing.server.errorLines(), []);

  const broken = await start(t);
  const damaged = Buffer.from(document);
  damaged.fill(0xff, at + 3, at + 12);
  await broken.push(damaged);
  await assert.rejects(broken.getClip(), { name: 'InvalidCodecPrivateDataException' });
  const { Images = [] } = await broken.getImages();
  assert.ok(Images.every(({ ImageContent }) => ImageContent === undefined));
});

test('media of no known codec', async (t) => {
  const { push, getClip } = await start(t);
  await push(await matroskaOf(clip('parking-360p-h264.mp4'), '-c:v', 'mpeg4', '-an', '-t', '4'));
  await assert.rejects(getClip(), { name: 'UnsupportedStreamMediaTypeException' });
});
