import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { request as startRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { clusterHead, documentHeader, simpleBlockHead } from '../../../fragments/matroska/matroska-writer.ts';
import type { Track } from '../../../fragments/media/track.ts';
import { decodedVideoMd5, probePackets } from '../../e2e/support/media.ts';
import { VIDEO } from '../../unit/fragments/stream/media.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { type CheckedFragment, checkFragments, mergeFragments } from './support/matroska-checker.ts';
import { MediaConsumer } from './support/media-consumer.ts';
import { mkvinfo, temporaryFile } from './support/mkvinfo.ts';
import { clip } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';
import { authorization, basicDate, sha256 } from './support/sign.ts';

const execFileAsync = promisify(execFile);
const CLUSTER = Buffer.of(0x1f, 0x43, 0xb6, 0x75);

/** Sends a whole document as a producer does, signed like the C producer; answers the acknowledgements. */
function putMedia(server: AwsTestServer, stream: string, body: Buffer): Promise<string> {
  const url = new URL(server.endpoint);
  const date = basicDate(Date.now());
  const headers = {
    host: url.host,
    'x-amz-date': date,
    'x-amzn-fragment-timecode-type': 'RELATIVE',
    'x-amzn-producer-start-timestamp': '1700000000.125',
    'x-amzn-stream-name': stream,
  };
  const Authorization = authorization({
    keyId: server.admin.id,
    secret: server.admin.secret,
    method: 'POST',
    canonicalPath: '/putMedia',
    headers,
    payloadHash: sha256(''),
    date,
    region: server.region,
    service: 'kinesisvideo',
  });
  return new Promise((resolve, reject) => {
    const request = startRequest(`${server.endpoint}/putMedia`, {
      method: 'POST',
      headers: { ...headers, Authorization, 'Transfer-Encoding': 'chunked' },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let acks = '';
      response.on('data', (data: Buffer) => {
        acks += data.toString();
      });
      response.on('error', reject);
      response.on('end', () => resolve(acks));
    });
    request.end(body);
  });
}

/** A clip as live Matroska with a cluster a group of pictures: no cues, no duration, sizes unknown. */
async function liveMatroska(name: string): Promise<Buffer> {
  const { stdout } = await execFileAsync(
    'ffmpeg',
    [
      ...['-v', 'error', '-i', clip(name), '-c', 'copy', '-f', 'matroska', '-live', '1'],
      ...['-metadata', 'place=the gate'],
      ...['-cluster_time_limit', '19000', '-write_crc32', '0', 'pipe:1'],
    ],
    { encoding: 'buffer', maxBuffer: 64 << 20 },
  );
  return stdout;
}

async function roundTrip(t: TestContext, body: Buffer) {
  const server = await startAwsServer(t);
  const acks = await putMedia(server, 'gate', body);
  assert.doesNotMatch(acks, /ERROR/);
  const { media } = sdkClients(t, server);
  const consumer = await MediaConsumer.start(t, media, 'gate', { StartSelectorType: 'EARLIEST' });
  const count = acks.split('"PERSISTED"').length - 1;
  assert.ok(count > 1, acks);
  return { server, fragments: await consumer.fragments(count) };
}

/** What the document says in front of its first cluster. */
function sentHeader(body: Buffer): CheckedFragment {
  const head = checkFragments(body.subarray(0, body.indexOf(CLUSTER)), true)[0];
  assert.ok(head);
  return head;
}

/** The clusters of the document that was sent: what the fragments must be. */
function clustersOf(body: Buffer): CheckedFragment['blocks'][] {
  const starts: number[] = [];
  for (let at = body.indexOf(CLUSTER); at >= 0; at = body.indexOf(CLUSTER, at + 4)) starts.push(at);
  const header = body.subarray(0, starts[0]);
  return starts.map((start, index) => {
    const cluster = body.subarray(start, starts[index + 1] ?? body.length);
    return checkFragments(Buffer.concat([header, cluster]), true)[0]?.blocks ?? [];
  });
}

/** By track, in their order: between tracks it is that of decoding. */
function byTrack(blocks: CheckedFragment['blocks']) {
  return [1, 2].map((track) =>
    blocks
      .filter((block) => block.track === track)
      .map(({ ticks, isKey, data }) => [ticks, isKey, data.toString('base64')]),
  );
}

for (const name of [
  'parking-360p-h264.mp4',
  'parking-360p-h265.mp4',
  'parking-360p-vp8.webm',
  'parking-360p-vp9.webm',
]) {
  test(`${name} through PutMedia comes back with its own header, times and frames`, async (t) => {
    const body = await liveMatroska(name);
    const { server, fragments } = await roundTrip(t, body);
    const { header } = sentHeader(body);
    for (const fragment of fragments) {
      assert.deepEqual(fragment.header, header);
      assert.equal(fragment.before.get('AWS_KINESISVIDEO_PRODUCER_TIMESTAMP')?.slice(0, 8), '17000000');
    }
    assert.equal(fragments[0]?.before.get('PLACE'), 'the gate');
    assert.deepEqual(
      fragments.map(({ blocks }) => byTrack(blocks)),
      clustersOf(body).map(byTrack),
    );
    const file = temporaryFile(t, 'media.mkv');
    writeFileSync(file, mergeFragments(fragments));
    assert.equal((await probePackets(file)).length, (await probePackets(clip(name))).length);
    assert.equal(await decodedVideoMd5(file), await decodedVideoMd5(clip(name)));
    await mkvinfo(file);
    assert.deepEqual(server.errorLines(), []);
  });
}

test('tracks of codecs that nobody knows come back as they were', async (t) => {
  const video = { ...VIDEO, timescale: 10_000 };
  const sensor: Track = {
    ...{ id: 2, kind: 'data', codec: 'opaque', timescale: 10_000, codecString: '' },
    ...{ config: Buffer.from('calibration'), contentType: 'D_TEMPERATURE' },
  };
  const header = documentHeader([video, sensor], 100_000);
  const clusters = [0, 20_003, 40_001].map((ticks) => {
    const blocks = [0, 1, 2, 3].flatMap((i) => {
      const data = Buffer.from(`${i % 2 === 0 ? 'picture' : 'reading'} ${ticks + i}`);
      return [simpleBlockHead(1 + (i % 2), i * 4999 - (i === 3 ? 1 : 0), i < 2, data.length), data];
    });
    return Buffer.concat([clusterHead(ticks), ...blocks]);
  });
  const body = Buffer.concat([header, ...clusters]);
  const { fragments, server } = await roundTrip(t, body);
  assert.deepEqual(
    fragments.map(({ blocks }) => byTrack(blocks)[0]),
    clustersOf(body).map((blocks) => byTrack(blocks)[0]),
  );
  assert.deepEqual(
    fragments.map(({ blocks }) => byTrack(blocks)[1]?.map(([ticks, , data]) => [ticks, data])),
    clustersOf(body).map((blocks) => byTrack(blocks)[1]?.map(([ticks, , data]) => [ticks, data])),
  );
  assert.ok(fragments.every((fragment) => fragment.header.equals(header)));
  assert.ok(fragments.every(({ timecodeScaleNs }) => timecodeScaleNs === 100_000));
  assert.deepEqual(server.errorLines(), []);
});
