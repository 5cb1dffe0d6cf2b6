import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  CreateStreamCommand as CreateDataStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  type ImageGenerationConfiguration,
  UpdateImageGenerationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
} from '@aws-sdk/client-kinesis-video';
import sharp from 'sharp';
import { until } from '../../e2e/support/until.ts';
import { startAwsServer } from './support/aws-server.ts';
import { type CaughtRequest, startCatchingServer } from './support/catching-server.ts';
import { putMedia } from './support/put-media-client.ts';
import { sdkClients } from './support/sdk-clients.ts';
import { authorization, sha256 } from './support/sign.ts';
import { taggedMedia } from './support/tagged-media.ts';

const NAME = 'gate';
const START_MS = 1_700_000_000_000;

interface Pushed {
  readonly number: string;
  /** By the producer's clock. */
  readonly startMs: number;
}

async function start(t: TestContext, settings: Readonly<Record<string, unknown>> = {}) {
  const server = await startAwsServer(t, settings);
  const { video } = sdkClients(t, server);
  await video.send(new CreateStreamCommand({ StreamName: NAME, DataRetentionInHours: 24 }));
  const { StreamInfo } = await video.send(new DescribeStreamCommand({ StreamName: NAME }));
  /** Sends tagged media; answers the persisted fragments in order. */
  const push = async (tags: Parameters<typeof taggedMedia>[1]): Promise<Pushed[]> => {
    const call = putMedia({
      endpoint: server.endpoint,
      key: server.admin,
      stream: NAME,
      timecodeType: 'RELATIVE',
      headers: { 'x-amzn-producer-start-timestamp': String(START_MS / 1000) },
    });
    await call.write(await taggedMedia('parking-360p-h264.mp4', tags));
    call.end();
    const acks = await call.over;
    assert.ok(acks.every(({ EventType }) => EventType !== 'ERROR'));
    return acks
      .filter(({ EventType }) => EventType === 'PERSISTED')
      .map((ack) => ({ number: ack.FragmentNumber ?? '', startMs: START_MS + (ack.FragmentTimecode ?? 0) }));
  };
  return { server, video, push, arn: StreamInfo?.StreamARN ?? '' };
}

function notify(Uri: string, Status: 'ENABLED' | 'DISABLED' = 'ENABLED') {
  return new UpdateNotificationConfigurationCommand({
    StreamName: NAME,
    NotificationConfiguration: { Status, DestinationConfig: { Uri } },
  });
}

function makeImages(Uri: string, more: Partial<ImageGenerationConfiguration> = {}) {
  return new UpdateImageGenerationConfigurationCommand({
    StreamName: NAME,
    ImageGenerationConfiguration: {
      Status: 'ENABLED',
      ImageSelectorType: 'PRODUCER_TIMESTAMP',
      DestinationConfig: { Uri, DestinationRegion: 'us-east-1' },
      SamplingInterval: 1000,
      Format: 'JPEG',
      ...more,
    },
  });
}

test('a webhook is told of each persisted fragment that carries the tag, as subscribers of a topic are', async (t) => {
  // The first time it is not well.
  const hook = await startCatchingServer(t, (index) => ({ status: index === 0 ? 500 : 200 }));
  const { video, push, arn, server } = await start(t);
  await video.send(notify(`${hook.origin}/told?by=framelog`));
  const pushed = await push({
    1: { AWS_KINESISVIDEO_NOTIFICATION: '', door: 'front', level: '7' },
    3: { door: 'back' },
    4: { AWS_KINESISVIDEO_NOTIFICATION: '' },
  });
  const [refused, first, second, ...more] = await hook.caught(3);
  assert.deepEqual(more, []);
  assert.deepEqual(refused?.body, first?.body, 'tried again');
  assert.equal(first?.method, 'POST');
  assert.equal(first.path, '/told?by=framelog');
  assert.equal(first.headers['x-amz-sns-message-type'], 'Notification');
  const envelope = JSON.parse(first.body.toString()) as Record<string, string>;
  assert.equal(envelope.Type, 'Notification');
  assert.equal(envelope.Subject, 'Kinesis Video Streams Notification');
  assert.equal(envelope.MessageId, first.headers['x-amz-sns-message-id']);
  const message = JSON.parse(envelope.Message ?? '') as Record<string, unknown>;
  const { FragmentStartServerTimestamp, ...rest } = message;
  assert.deepEqual(rest, {
    StreamArn: arn,
    FragmentNumber: pushed[1]?.number,
    FragmentStartProducerTimestamp: pushed[1]?.startMs,
    NotificationType: 'PERSISTED',
    NotificationPayload: { door: 'front', level: '7' },
  });
  assert.ok(Math.abs(Number(FragmentStartServerTimestamp) - Date.now()) < 60_000);
  const other = JSON.parse((JSON.parse(second?.body.toString() ?? '') as { Message: string }).Message);
  assert.equal((other as { FragmentNumber: string }).FragmentNumber, pushed[4]?.number);

  await video.send(notify(hook.origin, 'DISABLED'));
  await push({ 0: { AWS_KINESISVIDEO_NOTIFICATION: '' } });
  assert.equal(hook.requests.length, 3);
  assert.deepEqual(server.errorLines(), []);
});

test('no redirect is followed, and a refusal is final', async (t) => {
  const elsewhere = await startCatchingServer(t);
  const hook = await startCatchingServer(t, () => ({ status: 302, location: elsewhere.origin }));
  const { video, push, server } = await start(t);
  await video.send(notify(`${hook.origin.replace('http://', 'http://user:not%20told@')}/x`));
  await push({ 0: { AWS_KINESISVIDEO_NOTIFICATION: '' } });
  const [request] = await hook.caught(1);
  assert.equal(request?.headers.authorization, `Basic ${Buffer.from('user:not told').toString('base64')}`);
  await until('the refusal', () => server.logLines.some((line) => line.includes('status 302')));
  assert.deepEqual(elsewhere.requests, []);
  assert.ok(server.logLines.every((line) => !/not.+told@/.test(line)));
});

const IMAGE_NAME = /^(?:([\w-]+)_)?(\d{12})_gate_(\d{13})_[0-9a-f-]{36}\.(jpg|png)$/;

test('images of a tagged fragment, in a folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-images-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { video, push, server } = await start(t, { notify: { imageDirectory: folder } });
  await video.send(makeImages('file://doors', { Format: 'PNG', HeightPixels: 90 }));
  const pushed = await push({
    2: { AWS_KINESISVIDEO_IMAGE_GENERATION: '', AWS_KINESISVIDEO_IMAGE_PREFIX: '../up', who: 'Ümit' },
  });
  const images = await until('two images', () => {
    const files = readdirSync(join(folder, 'doors')).filter((file) => file.endsWith('.png'));
    return files.length >= 2 && files.toSorted();
  });
  assert.deepEqual(readdirSync(folder), ['doors'], 'a prefix leads nowhere else');
  for (const [i, name] of images.entries()) {
    const [, prefix, account, epochMs] = IMAGE_NAME.exec(name.replace(/^-+/, '')) ?? [];
    assert.deepEqual(
      [prefix, account, Number(epochMs)],
      ['up', server.accountId, (pushed[2]?.startMs ?? 0) + i * 1000],
    );
    const { width, height } = await sharp(join(folder, 'doors', name)).metadata();
    assert.deepEqual([width, height], [160, 90]);
    const metadata = JSON.parse(readFileSync(join(folder, 'doors', `${name}.json`), 'utf8')) as Record<
      string,
      string
    >;
    assert.equal(metadata.aws_kinesisvideo_fragment_number, pushed[2]?.number);
    assert.equal(metadata.aws_kinesisvideo_producer_timestamp, epochMs);
    assert.match(metadata.aws_kinesisvideo_server_timestamp ?? '', /^\d{13}$/);
    assert.equal(metadata.who, 'Ümit');
  }
  assert.deepEqual(server.errorLines(), []);
});

const STORE_KEY = { accessKeyId: 'STORE', secretAccessKey: 'of the store' };

/** Signs the request as it arrived once more, apart from the product's code. */
function assertSigned({ method, path, headers, body }: CaughtRequest): void {
  const given = headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(';') ?? [];
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') || name === 'host') assert.ok(names.includes(name), `${name} is signed`);
  }
  assert.equal(headers['x-amz-content-sha256'], sha256(body));
  const expected = authorization({
    keyId: STORE_KEY.accessKeyId,
    secret: STORE_KEY.secretAccessKey,
    method,
    canonicalPath: path,
    headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
    payloadHash: sha256(body),
    date: String(headers['x-amz-date']),
    region: 'eu-central-9',
    service: 's3',
  });
  assert.equal(given, expected);
}

test('images of a tagged fragment, in a bucket: signed, named and described as the service does', async (t) => {
  const store = await startCatchingServer(t, (index) => ({ status: index === 0 ? 503 : 200 }));
  const s3 = { endpoint: store.origin, region: 'eu-central-9', ...STORE_KEY };
  const { video, push, server } = await start(t, { notify: { s3 } });
  await video.send(makeImages('s3://pictures/of/doors', { SamplingInterval: 500 }));
  const pushed = await push({ 1: { AWS_KINESISVIDEO_IMAGE_GENERATION: '', Level: '7 of 9', odd: 'a(b)ü' } });
  const count = Math.ceil(((pushed[2]?.startMs ?? 0) - (pushed[1]?.startMs ?? 0)) / 500);
  assert.ok(count > 1);
  const requests = await store.caught(1 + count);
  assert.equal(requests.length, 1 + count);
  for (const [i, request] of requests.slice(1).entries()) {
    assertSigned(request);
    assert.equal(request.method, 'PUT');
    const [, bucket, of, doors, name = ''] = request.path.split('/');
    assert.deepEqual([bucket, of, doors], ['pictures', 'of', 'doors']);
    const [, prefix, , epochMs, extension] = IMAGE_NAME.exec(name) ?? [];
    assert.deepEqual([prefix, extension], [undefined, 'jpg']);
    // 25 pictures a second: every other half a second is between two.
    assert.equal(Number(epochMs), (pushed[1]?.startMs ?? 0) + Math.floor((i * 500) / 40) * 40);
    const { headers, body } = request;
    assert.equal(headers['content-type'], 'image/jpeg');
    assert.equal(headers['x-amz-meta-aws_kinesisvideo_fragment_number'], pushed[1]?.number);
    assert.equal(headers['x-amz-meta-aws_kinesisvideo_producer_timestamp'], epochMs);
    assert.equal(headers['x-amz-meta-level'], '7 of 9');
    assert.equal(headers['x-amz-meta-odd'], 'a(b)?');
    assert.equal((await sharp(body).metadata()).format, 'jpeg');
  }
  assert.ok(server.logLines.every((line) => !line.includes(STORE_KEY.secretAccessKey)));
  assert.deepEqual(server.errorLines(), []);
});

test('destinations that nothing can be delivered to are refused when they are configured', async (t) => {
  const { video } = await start(t);
  const invalid = (message: RegExp) => (error: Error) => {
    assert.equal(error.name, 'InvalidArgumentException');
    assert.match(error.message, message);
    return true;
  };
  await assert.rejects(
    video.send(notify('arn:aws:sns:us-east-1:000000000000:topic/x')),
    invalid(/https: or http:/),
  );
  await assert.rejects(
    video.send(notify('arn:aws:kinesis:eu-west-9:000000000000:stream/x')),
    invalid(/data stream of this server/),
  );
  await assert.rejects(video.send(notify('ftp://host/x')), invalid(/https: or http:/));
  await assert.rejects(video.send(makeImages('s3://pictures')), invalid(/notify\.s3/));
  await assert.rejects(video.send(makeImages('file://doors')), invalid(/notify\.imageDirectory/));
  await assert.rejects(video.send(makeImages('http://host/x')), invalid(/s3:\/\/BUCKET/));
});

test('a data stream gets a record for each persisted fragment that carries the tag', async (t) => {
  const { video, push, arn, server } = await start(t);
  const { kinesis } = sdkClients(t, server);
  await kinesis.send(new CreateDataStreamCommand({ StreamName: 'told', ShardCount: 1 }));
  await video.send(notify(`arn:aws:kinesis:${server.region}:${server.accountId}:stream/told`));
  const pushed = await push({
    1: { AWS_KINESISVIDEO_NOTIFICATION: '', door: 'front' },
    3: { AWS_KINESISVIDEO_NOTIFICATION: '' },
  });
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: 'told',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const Records = await until('both records', async () => {
    const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    return answer.Records?.length === 2 && answer.Records;
  });
  assert.deepEqual(
    Records.map(({ Data, PartitionKey }) => {
      const told = JSON.parse(Buffer.from(Data ?? []).toString());
      return [PartitionKey, told.StreamArn, told.FragmentNumber, told.NotificationPayload];
    }),
    [
      [NAME, arn, pushed[1]?.number, { door: 'front' }],
      [NAME, arn, pushed[3]?.number, {}],
    ],
  );
});
