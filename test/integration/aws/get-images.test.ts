import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import {
  GetImagesCommand,
  type GetImagesCommandInput,
  ListFragmentsCommand,
  paginateGetImages,
} from '@aws-sdk/client-kinesis-video-archived-media';
import sharp from 'sharp';
import { ffmpeg } from '../../unit/fragments/cmaf/support.ts';
import { startAwsServer } from './support/aws-server.ts';
import { temporaryFile } from './support/mkvinfo.ts';
import { awsCliJson, runBoto3 } from './support/python-clients.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';
import { sdkClients } from './support/sdk-clients.ts';

const CAMERA = clip('parking-360p-h264.mp4');

async function start(t: TestContext, settings: Readonly<Record<string, unknown>> = {}) {
  const server = await startAwsServer(t, settings);
  const { archived, video } = sdkClients(t, server);
  await pushByRtmp(server, 'gate', CAMERA);
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
  const startMs = Math.min(...Fragments.map((each) => each.ProducerTimestamp?.getTime() ?? Number.NaN));
  /** Images of the stream by producer time, counted from its start. */
  const input = (
    fromMs: number,
    toMs: number,
    more: Partial<GetImagesCommandInput> = {},
  ): GetImagesCommandInput => ({
    StreamName: 'gate',
    ImageSelectorType: 'PRODUCER_TIMESTAMP',
    StartTimestamp: new Date(startMs + fromMs),
    EndTimestamp: new Date(startMs + toMs),
    SamplingInterval: 1000,
    Format: 'PNG',
    ...more,
  });
  const ask = (...question: Parameters<typeof input>) =>
    archived.send(new GetImagesCommand(input(...question)));
  return { server, archived, video, startMs, input, ask };
}

/** Mean difference to the picture that ffmpeg has at an index of the clip. */
async function difference(t: TestContext, content: string | undefined, index: number): Promise<number> {
  const path = temporaryFile(t, `picture-${index}.png`);
  await ffmpeg('-i', CAMERA, '-vf', `select=eq(n\\,${index})`, '-frames:v', '1', path);
  const expected = await sharp(path).removeAlpha().raw().toBuffer();
  const actual = await sharp(Buffer.from(content ?? '', 'base64'))
    .removeAlpha()
    .raw()
    .toBuffer();
  assert.equal(actual.length, expected.length);
  let sum = 0;
  for (const [i, value] of actual.entries()) sum += Math.abs(value - (expected[i] ?? 0));
  return sum / actual.length;
}

test('an image for each sampled instant: the frame shown then; nothing where nothing is', async (t) => {
  const { server, ask, startMs } = await start(t);
  const { Images = [], NextToken } = await ask(-5000, 5000, { SamplingInterval: 2500 });
  assert.equal(NextToken, undefined);
  assert.deepEqual(
    Images.map(({ TimeStamp, Error: error }) => [(TimeStamp?.getTime() ?? 0) - startMs, error]),
    [
      [-5000, 'NO_MEDIA'],
      [-2500, 'NO_MEDIA'],
      [0, undefined],
      [2500, undefined],
      [5000, undefined],
    ],
  );
  // 25 pictures a second: 2500 ms lies between the pictures 62 and 63.
  for (const [i, index] of [
    [2, 0],
    [3, 62],
    [4, 125],
  ] as const) {
    const off = await difference(t, Images[i]?.ImageContent, index);
    assert.ok(off < 2, `image ${i} is off by ${off}`);
  }
  const after = (await ask(60_000, 61_000)).Images ?? [];
  assert.deepEqual(
    after.map(({ Error: error }) => error),
    ['NO_MEDIA', 'NO_MEDIA'],
  );
  assert.deepEqual(server.errorLines(), []);
});

test('pages: 25 unless told otherwise, a token after a full one, every instant once', async (t) => {
  const { archived, input, ask } = await start(t);
  const question = input(0, 14_000, { SamplingInterval: 200, Format: 'JPEG', HeightPixels: 36 });
  const first = await archived.send(new GetImagesCommand(question));
  assert.equal(first.Images?.length, 25);
  assert.ok(first.NextToken !== undefined);
  const instants: number[] = [];
  for await (const page of paginateGetImages({ client: archived, pageSize: 30 }, question)) {
    assert.ok((page.Images?.length ?? 0) <= 30);
    for (const { TimeStamp, ImageContent } of page.Images ?? []) {
      instants.push(TimeStamp?.getTime() ?? 0);
      assert.ok(ImageContent !== undefined);
    }
  }
  assert.equal(instants.length, 71);
  assert.equal(new Set(instants).size, 71);
  const full = await ask(0, 2000, { MaxResults: 3 });
  assert.equal(full.Images?.length, 3);
  assert.ok(full.NextToken !== undefined, 'the last page is full');
  const rest = await ask(0, 2000, { MaxResults: 3, NextToken: full.NextToken });
  assert.deepEqual([rest.Images ?? [], rest.NextToken], [[], undefined]);
  await assert.rejects(ask(0, 3000, { NextToken: full.NextToken }), /NextToken is not one of this request/);
});

test('formats and sizes', async (t) => {
  const { ask } = await start(t);
  const shape = async (more: Partial<GetImagesCommandInput>) => {
    const [image] = (await ask(0, 0, more)).Images ?? [];
    const bytes = Buffer.from(image?.ImageContent ?? '', 'base64');
    const { width, height, format } = await sharp(bytes).metadata();
    return { facts: [format, width, height], bytes: bytes.length };
  };
  assert.deepEqual((await shape({})).facts, ['png', 640, 360]);
  assert.deepEqual((await shape({ HeightPixels: 180 })).facts, ['png', 320, 180]);
  assert.deepEqual((await shape({ Format: 'JPEG', WidthPixels: 50, HeightPixels: 70 })).facts, [
    'jpeg',
    50,
    70,
  ]);
  const fine = await shape({ Format: 'JPEG', FormatConfig: { JPEGQuality: '95' } });
  const coarse = await shape({ Format: 'JPEG', FormatConfig: { JPEGQuality: '5' } });
  assert.ok(coarse.bytes < fine.bytes / 2);
});

test('what cannot be done is refused in the words of the model', async (t) => {
  const { server, ask, video, input } = await start(t);
  const invalid = (message: RegExp) => (error: Error) => {
    assert.equal(error.name, 'InvalidArgumentException');
    assert.match(error.message, message);
    return true;
  };
  await assert.rejects(ask(0, 300_001), invalid(/300 seconds/));
  await assert.rejects(ask(1, 0), invalid(/before the StartTimestamp/));
  await assert.rejects(ask(0, 1, { SamplingInterval: 199 }), invalid(/at least 200/));
  await assert.rejects(ask(0, 1, { WidthPixels: 100 }), invalid(/ValidationException/));
  await assert.rejects(ask(0, 1, { FormatConfig: { JPEGQuality: '80' } }), invalid(/Format JPEG/));
  for (const quality of ['0', '101', '080', 'x']) {
    await assert.rejects(ask(0, 1, { Format: 'JPEG', FormatConfig: { JPEGQuality: quality } }), {
      name: 'InvalidArgumentException',
    });
  }
  for (const wrong of [{ MaxResults: 101 }, { MaxResults: 0 }, { WidthPixels: 3841, HeightPixels: 1 }]) {
    await assert.rejects(ask(0, 1, wrong), { name: 'InvalidArgumentException' });
  }
  await assert.rejects(ask(0, 1, { StreamName: 'nobody' }), { name: 'ResourceNotFoundException' });
  await video.send(new CreateStreamCommand({ StreamName: 'fleeting', DataRetentionInHours: 0 }));
  await assert.rejects(ask(0, 1, { StreamName: 'fleeting' }), { name: 'NoDataRetentionException' });
  const stranger = sdkClients(t, server, server.addKey([{ action: 'view', stream: 'other' }]));
  await assert.rejects(stranger.archived.send(new GetImagesCommand(input(0, 1))), {
    name: 'NotAuthorizedException',
  });
  assert.deepEqual(server.errorLines(), []);
});

test('the aws command and boto3 get the same pictures', async (t) => {
  const { server, ask, startMs } = await start(t);
  // They send whole seconds.
  const fromS = Math.ceil(startMs / 1000);
  const [expected] = (await ask(fromS * 1000 - startMs, fromS * 1000 - startMs)).Images ?? [];
  const byCli = (await awsCliJson(server, [
    ...['kinesis-video-archived-media', 'get-images', '--stream-name', 'gate', '--format', 'PNG'],
    ...['--image-selector-type', 'PRODUCER_TIMESTAMP', '--sampling-interval', '3000'],
    ...['--start-timestamp', String(fromS), '--end-timestamp', String(fromS)],
  ])) as { Images: { ImageContent: string }[] };
  assert.equal(byCli.Images[0]?.ImageContent, expected?.ImageContent);
  const byBoto = await runBoto3(
    server,
    `reply = client('kinesis-video-archived-media').get_images(StreamName='gate', Format='PNG',
    ImageSelectorType='PRODUCER_TIMESTAMP', SamplingInterval=3000, StartTimestamp=${fromS}, EndTimestamp=${fromS})
answer(reply['Images'][0]['ImageContent'])`,
  );
  assert.equal(byBoto, expected?.ImageContent);
});

test('without a decoder that is said, and the server goes on', async (t) => {
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  const { server, ask } = await start(t, { images: { decoder: 'ffmpeg' } });
  assert.equal((await ask(0, 0)).Images?.length, 1, 'by ffmpeg');
  const { server: other, ask: askOther } = await start(t, { images: { decoder: 'ffmpeg' } });
  process.env.PATH = '/nonexistent';
  await assert.rejects(askOther(0, 0), { name: 'InvalidArgumentException', message: /no ffmpeg/ });
  assert.deepEqual([...server.errorLines(), ...other.errorLines()], []);
});
