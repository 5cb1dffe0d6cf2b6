import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DeleteStreamCommand, DescribeStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetMediaCommand, type StartSelector } from '@aws-sdk/client-kinesis-video-media';
import { decodedVideoMd5, type ProbedPacket, probePackets } from '../../e2e/support/media.ts';
import { startAwsServer } from './support/aws-server.ts';
import {
  type CheckedFragment,
  checkFragments,
  checkParserRules,
  mergeFragments,
} from './support/matroska-checker.ts';
import { MediaConsumer, numbersOf } from './support/media-consumer.ts';
import { mkvinfo, temporaryFile } from './support/mkvinfo.ts';
import { runAwsCli, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const EARLIEST: StartSelector = { StartSelectorType: 'EARLIEST' };
const NOW: StartSelector = { StartSelectorType: 'NOW' };
const CAMERA = clip('faces-360p-h264.mp4');

async function start(t: TestContext, settings: Record<string, unknown> = {}) {
  const server = await startAwsServer(t, settings);
  const clients = sdkClients(t, server);
  return {
    server,
    ...clients,
    push: (file = CAMERA, options: Parameters<typeof pushByRtmp>[3] = {}) =>
      pushByRtmp(server, 'gate', file, options),
    consume: (selector: StartSelector) => MediaConsumer.start(t, clients.media, 'gate', selector),
  };
}

/** Packets of one kind relative to the first of all, in whole ms. */
function relative(packets: readonly ProbedPacket[], type: ProbedPacket['type']) {
  const origin = Math.min(...packets.map(({ ptsMs }) => ptsMs));
  return packets
    .filter((packet) => packet.type === type)
    .map(({ ptsMs, sizeBytes }) => ({ ms: Math.round(ptsMs - origin), sizeBytes }));
}

function tag(fragment: CheckedFragment | undefined, name: string): string | undefined {
  return fragment?.before.get(`AWS_KINESISVIDEO_${name}`);
}

describe('media that came by RTMP comes back sample by sample', () => {
  for (const name of [
    'parking-360p-h264.mp4',
    'parking-360p-h265.mp4',
    'parking-360p-av1.mp4',
    'person-360p-h264.mp4',
  ]) {
    test(name, async (t) => {
      const { push, consume, server } = await start(t);
      await push(clip(name));
      const consumer = await consume(EARLIEST);
      assert.equal(consumer.contentType, 'video/webm');
      const source = await probePackets(clip(name));
      let fragments = await consumer.fragments(1);
      const blocks = () => fragments.reduce((sum, each) => sum + each.blocks.length, 0);
      while (blocks() < source.length) fragments = await consumer.fragments(fragments.length + 1);

      const merged = temporaryFile(t, 'media.mkv');
      writeFileSync(merged, mergeFragments(fragments));
      const packets = await probePackets(merged);
      assert.deepEqual(relative(packets, 'video'), relative(source, 'video'));
      const [audio, sourceAudio] = [relative(packets, 'audio'), relative(source, 'audio')];
      assert.deepEqual(
        audio.map(({ sizeBytes }) => sizeBytes),
        sourceAudio.map(({ sizeBytes }) => sizeBytes),
      );
      // RTMP counts milliseconds, and AAC frames have 21 1/3.
      for (const [i, { ms }] of audio.entries()) assert.ok(Math.abs(ms - (sourceAudio[i]?.ms ?? 0)) <= 1);
      assert.equal(await decodedVideoMd5(merged), await decodedVideoMd5(clip(name)));
      await mkvinfo(merged);
      const one = temporaryFile(t, 'fragment.mkv');
      writeFileSync(one, fragments[1]?.bytes ?? '');
      await mkvinfo(one);
      assert.deepEqual(server.errorLines(), []);
    });
  }
});

test('frames of the fragment being received are forwarded before it is complete', async (t) => {
  const { push, consume } = await start(t);
  await push();
  const consumer = await consume(NOW);
  const stop = new AbortController();
  const pushed = push(CAMERA, { speed: 4, loops: Number.POSITIVE_INFINITY, signal: stop.signal });
  const isGrowing = () => {
    const { rest } = consumer;
    const head = rest.lastIndexOf('AWS_KINESISVIDEO_PRODUCER_TIMESTAMP');
    return head > rest.lastIndexOf('AWS_KINESISVIDEO_CONTINUATION_TOKEN') && rest.length - head > 2000;
  };
  while (!isGrowing()) assert.ok(await consumer.read());
  const fragments = await consumer.fragments(2);
  stop.abort();
  await pushed;
  assert.ok(fragments.every(({ blocks }) => blocks.length > 5 && blocks[0]?.isKey === true));
});

test('a connection stays open while the producer is away, and the numbers go on growing', async (t) => {
  const { push, consume } = await start(t);
  await push();
  const consumer = await consume(EARLIEST);
  const [first] = await consumer.fragments(1);
  await push();
  await push(clip('parking-360p-h265.mp4'));
  const header = first?.header ?? Buffer.alloc(0);
  let fragments = await consumer.fragments(1);
  while (fragments.at(-1)?.header.equals(header)) fragments = await consumer.fragments(fragments.length + 1);
  assert.equal(new Set(numbersOf(fragments)).size, fragments.length);
});

test('every selector begins where it says', async (t) => {
  const { push, consume, server } = await start(t);
  await push();
  const all = await (await consume(EARLIEST)).fragments(5);
  const numbers = numbersOf(all);
  const first = async (selector: StartSelector) => numbersOf(await (await consume(selector)).fragments(1))[0];
  const at = (index: number, name: string) => new Date(Number(tag(all[index], name)) * 1000);

  assert.equal(await first(EARLIEST), numbers[0]);
  assert.equal(
    await first({ StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: numbers[1] }),
    numbers[2],
  );
  assert.equal(
    await first({ StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: numbers[2] }),
    numbers[3],
  );
  const producer = at(3, 'PRODUCER_TIMESTAMP');
  const later = new Date(producer.getTime() + 20);
  assert.equal(await first({ StartSelectorType: 'PRODUCER_TIMESTAMP', StartTimestamp: later }), numbers[3]);
  const StartTimestamp = at(0, 'SERVER_TIMESTAMP');
  assert.equal(await first({ StartSelectorType: 'SERVER_TIMESTAMP', StartTimestamp }), numbers[0]);

  const live = await consume(NOW);
  await push();
  const [next] = numbersOf(await live.fragments(1));
  assert.ok(next !== undefined && next > (numbers.at(-1) ?? ''), 'nobody published: the next to come');
  assert.deepEqual(server.errorLines(), []);
});

test('what cannot be answered is refused before the first byte, as the model says', async (t) => {
  const { media, push, server } = await start(t);
  await push();
  const ask = (StartSelector: StartSelector, StreamName = 'gate', client = media) =>
    client.send(new GetMediaCommand({ StreamName, StartSelector }));
  const refused = (name: string, status: number) => (error: { name: string; $metadata: object }) => {
    assert.equal(error.name, name);
    assert.equal((error.$metadata as { httpStatusCode: number }).httpStatusCode, status);
    return true;
  };
  await assert.rejects(ask(EARLIEST, 'nobody'), refused('ResourceNotFoundException', 404));
  for (const StartSelectorType of [
    'FRAGMENT_NUMBER',
    'CONTINUATION_TOKEN',
    'SERVER_TIMESTAMP',
    'PRODUCER_TIMESTAMP',
  ] as const) {
    await assert.rejects(ask({ StartSelectorType }), refused('InvalidArgumentException', 400));
  }
  await assert.rejects(
    ask({ StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: '17' }),
    refused('InvalidArgumentException', 400),
  );
  const stranger = server.addKey([{ action: 'view', stream: 'door' }]);
  const other = sdkClients(t, server, stranger).media;
  await assert.rejects(ask(EARLIEST, 'gate', other), refused('NotAuthorizedException', 401));
  const viewer = sdkClients(t, server, server.addKey([{ action: 'view', stream: 'gate' }])).media;
  const { Payload } = await ask(EARLIEST, 'gate', viewer);
  (Payload as unknown as { destroy(): void }).destroy();
  assert.deepEqual(server.errorLines(), []);
});

test('as many consumers of a stream as the setting says', async (t) => {
  const { push, consume, server } = await start(t, { getMedia: { maxConnectionsPerStream: 1 } });
  await push();
  const first = await consume(EARLIEST);
  await first.fragments(1);
  await assert.rejects(consume(EARLIEST), { name: 'ConnectionLimitExceededException' });
  first.hangUp();
  let again: MediaConsumer | undefined;
  while (again === undefined) {
    // The server hears of the hang-up a moment later.
    again = await consume(EARLIEST).catch((error: Error) => {
      assert.equal(error.name, 'ConnectionLimitExceededException');
      return undefined;
    });
  }
  await again.fragments(1);
  assert.deepEqual(server.errorLines(), []);
});

test('the media end properly when the stream is deleted, and when the key is revoked', async (t) => {
  const { push, consume, server, video, media } = await start(t);
  await push();
  const viewer = server.addKey([{ action: 'view', stream: 'gate' }]);
  const client = sdkClients(t, server, viewer).media;
  const watched = await MediaConsumer.start(t, client, 'gate', EARLIEST);
  await watched.fragments(1);
  server.revokeKey(viewer.id);
  await watched.end();
  const consumer = await consume(EARLIEST);
  await consumer.fragments(1);
  const { StreamInfo } = await video.send(new DescribeStreamCommand({ StreamName: 'gate' }));
  await video.send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }));
  await consumer.end();
  await assert.rejects(media.send(new GetMediaCommand({ StreamName: 'gate', StartSelector: NOW })), {
    name: 'ResourceNotFoundException',
  });
  assert.deepEqual(server.errorLines(), []);
});

test('a consumer that does not read loses nothing and holds nobody up', async (t) => {
  const { push, consume, server } = await start(t);
  await push(clip('parking-720p-h264.mp4'));
  const slow = await consume(EARLIEST);
  await slow.fragments(1);
  await push(clip('parking-720p-h264.mp4'), { loops: 12 });
  const quick = await consume(EARLIEST);
  let fragments = await quick.fragments(1);
  const frames = () => fragments.reduce((sum, { blocks }) => sum + blocks.length, 0);
  while (frames() < 13 * 814) fragments = await quick.fragments(fragments.length + 1);
  const late = await slow.fragments(fragments.length);
  assert.deepEqual(numbersOf(late), numbersOf(fragments));
  assert.deepEqual(server.errorLines(), []);
});

test('the aws command and boto3 read it, and it ends after the time that is set', async (t) => {
  const { push, server } = await start(t, { getMedia: { maxConnectionMinutes: 0.01 } });
  await push();
  const file = temporaryFile(t, 'cli.mkv');
  const { code, stdout, stderr } = await runAwsCli(server, [
    'kinesis-video-media',
    'get-media',
    '--stream-name',
    'gate',
    '--start-selector',
    'StartSelectorType=EARLIEST',
    file,
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { ContentType: 'video/webm' });
  assert.equal((await probePackets(file)).length, 489);
  const read = (await runBoto3(
    server,
    `body = client('kinesis-video-media').get_media(StreamName='gate', StartSelector={'StartSelectorType': 'EARLIEST'})['Payload'].read()
answer([len(body), body.count(b'AWS_KINESISVIDEO_CONTINUATION_TOKEN')])`,
  )) as number[];
  assert.ok((read[0] ?? 0) > 400_000);
  assert.ok((read[1] ?? 0) > 4);
  assert.deepEqual(server.errorLines(), []);
});

test('over HTTP/2 it is the same', async (t) => {
  const tls = (name: string) =>
    fileURLToPath(new URL(`../../unit/server/http/tls/${name}.pem`, import.meta.url));
  const http = { tls: { certFile: tls('cert'), keyFile: tls('key') } };
  const server = await startAwsServer(t, { http, access: { open: true } });
  await pushByRtmp(server, 'gate', CAMERA);
  const session = connect(server.endpoint, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/getMedia' });
  stream.end(JSON.stringify({ StreamName: 'gate', StartSelector: EARLIEST }));
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.deepEqual([headers[':status'], headers['content-type']], [200, 'video/webm']);
  const pieces: Buffer[] = [];
  for await (const piece of stream) {
    pieces.push(piece as Buffer);
    const fragments = checkFragments(Buffer.concat(pieces), false);
    if (fragments.length < 4) continue;
    checkParserRules(fragments);
    break;
  }
  assert.deepEqual(server.errorLines(), []);
});
