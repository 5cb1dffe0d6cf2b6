import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import {
  CreateStreamCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand as CreateVideoStream,
  DescribeStreamCommand,
} from '@aws-sdk/client-kinesis-video';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { type AwsTestServer, startAwsServer } from './aws-server.ts';
import { clip } from './rtmp-clip.ts';
import { sdkClients } from './sdk-clients.ts';

const run = promisify(execFile);

/** A frame of a clip of the shared media, as a file. */
export async function frameOf(
  name: string,
  atSeconds: number,
  codec: 'mjpeg' | 'png' = 'mjpeg',
): Promise<Buffer> {
  const { stdout } = await run(
    'ffmpeg',
    [
      '-nostdin',
      '-v',
      'error',
      '-ss',
      String(atSeconds),
      '-i',
      clip(name),
      '-frames:v',
      '1',
      '-c:v',
      codec,
    ].concat(codec === 'mjpeg' ? ['-q:v', '2'] : [], ['-f', 'image2pipe', '-']),
    { encoding: 'buffer', maxBuffer: 16 << 20 },
  );
  return stdout;
}

/** Role that every processor has to name; nobody asks for it. */
export const ROLE_ARN = 'arn:aws:iam::000000000000:role/any';

/** A server with one worker, a video stream `door` and a data stream `results`, and clients of it. */
export async function startRekognition(t: TestContext) {
  const server = await startAwsServer(t, { detection: { workers: 1 } });
  const clients = sdkClients(t, server);
  await clients.video.send(new CreateVideoStream({ StreamName: 'door', DataRetentionInHours: 24 }));
  const { StreamInfo } = await clients.video.send(new DescribeStreamCommand({ StreamName: 'door' }));
  await clients.kinesis.send(new CreateStreamCommand({ StreamName: 'results', ShardCount: 1 }));
  const dataArn = `arn:aws:kinesis:${server.region}:${server.accountId}:stream/results`;
  return {
    server,
    ...clients,
    videoArn: StreamInfo?.StreamARN ?? '',
    dataArn,
    documents: documentsOf(clients.kinesis, dataArn),
  };
}

export type RekognitionRig = Awaited<ReturnType<typeof startRekognition>>;

/** The documents on the data stream, from its beginning on, as they come. */
async function* documentsOf(
  kinesis: ReturnType<typeof sdkClients>['kinesis'],
  StreamARN: string,
): AsyncGenerator<unknown, void> {
  const { Consumer } = await kinesis.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'reader' }),
  );
  const { EventStream } = await kinesis.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'TRIM_HORIZON' },
    }),
  );
  try {
    for await (const { SubscribeToShardEvent: event } of EventStream ?? []) {
      for (const { Data } of event?.Records ?? []) yield JSON.parse(Buffer.from(Data ?? []).toString());
    }
  } finally {
    // Who has seen enough hangs up: the server would wait for him.
    kinesis.destroy();
  }
}

/** Lets faces be looked for on the stream. */
export async function consent(server: AwsTestServer, isGiven = true): Promise<void> {
  const response = await fetch(`${server.endpoint}/api/streams/door/detection`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${server.admin.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ faces: { consent: isGiven } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
}

/** The producer time of a fragment of the stream, by what ListFragments says of it, epoch ms. */
export async function producerTimeOf(
  archived: ReturnType<typeof sdkClients>['archived'],
  fragmentNumber: string,
): Promise<number | undefined> {
  const [StartTimestamp, EndTimestamp] = [new Date(Date.now() - 600_000), new Date(Date.now() + 600_000)];
  const { Fragments } = await archived.send(
    new ListFragmentsCommand({
      StreamName: 'door',
      FragmentSelector: {
        FragmentSelectorType: 'SERVER_TIMESTAMP',
        TimestampRange: { StartTimestamp, EndTimestamp },
      },
    }),
  );
  return Fragments?.find((each) => each.FragmentNumber === fragmentNumber)?.ProducerTimestamp?.getTime();
}
