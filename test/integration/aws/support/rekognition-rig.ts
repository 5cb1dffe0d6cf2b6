import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { CreateStreamCommand, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import {
  CreateStreamCommand as CreateVideoStream,
  DescribeStreamCommand,
} from '@aws-sdk/client-kinesis-video';
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
  return {
    server,
    ...clients,
    videoArn: StreamInfo?.StreamARN ?? '',
    dataArn: `arn:aws:kinesis:${server.region}:${server.accountId}:stream/results`,
    records: recordsOf(clients.kinesis),
  };
}

export type RekognitionRig = Awaited<ReturnType<typeof startRekognition>>;

/** The documents on the data stream, from its beginning on; waits for each. */
async function* recordsOf(kinesis: ReturnType<typeof sdkClients>['kinesis']): AsyncGenerator<unknown, void> {
  const start = { StreamName: 'results', ShardId: 'shardId-000000000000' };
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({ ...start, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  for (let iterator = ShardIterator; iterator !== undefined; ) {
    const read = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const { Data } of read.Records ?? []) yield JSON.parse(Buffer.from(Data ?? []).toString());
    iterator = read.NextShardIterator;
  }
}

/** Lets faces be looked for on the stream. */
export async function consent(server: AwsTestServer, isGiven = true): Promise<void> {
  const response = await fetch(`${server.endpoint}/api/streams/door/detection`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${server.admin.secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ faces: { consent: isGiven } }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}
