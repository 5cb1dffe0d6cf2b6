import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateCollectionCommand,
  CreateStreamProcessorCommand,
  DescribeStreamProcessorCommand,
  IndexFacesCommand,
  StartStreamProcessorCommand,
  StopStreamProcessorCommand,
} from '@aws-sdk/client-rekognition';
import { hourAgo, putClip } from './support/put-clip.ts';
import { awsCliJson } from './support/python-clients.ts';
import { consent, frameOf, producerTimeOf, ROLE_ARN, startRekognition } from './support/rekognition-rig.ts';
import { clip, pushByRtmp } from './support/rtmp-clip.ts';

/** Stream processors from the camera to the reader of a data stream, with the models that are built in. */

interface FaceSearchDocument {
  readonly InputInformation: {
    readonly KinesisVideo: {
      readonly StreamArn: string;
      readonly FragmentNumber: string;
      readonly ProducerTimestamp: number;
      readonly FrameOffsetInSeconds: number;
    };
  };
  readonly FaceSearchResponse: readonly {
    readonly DetectedFace: { readonly BoundingBox: { readonly Width: number } };
    readonly MatchedFaces: readonly {
      readonly Similarity: number;
      readonly Face: { readonly ExternalImageId: string };
    }[];
  }[];
}

test('faces of a camera, by RTMP, are found in a collection', async (t) => {
  const { server, rekognition, archived, videoArn, dataArn, documents } = await startRekognition(t);
  const CollectionId = 'crew';
  await rekognition.send(new CreateCollectionCommand({ CollectionId }));
  const Image = { Bytes: await frameOf('faces-360p-h264.mp4', 2) };
  await rekognition.send(new IndexFacesCommand({ CollectionId, Image, ExternalImageId: 'crew' }));
  // As somebody at a shell would do it.
  await awsCliJson(server, [
    'rekognition',
    'create-stream-processor',
    '--name',
    'faces',
    '--input',
    `KinesisVideoStream={Arn=${videoArn}}`,
    '--stream-processor-output',
    `KinesisDataStream={Arn=${dataArn}}`,
    '--settings',
    `FaceSearch={CollectionId=${CollectionId},FaceMatchThreshold=60}`,
    '--role-arn',
    ROLE_ARN,
  ]);
  const start = () => rekognition.send(new StartStreamProcessorCommand({ Name: 'faces' }));
  await assert.rejects(start(), { name: 'AccessDeniedException' });
  await consent(server);
  await start();
  const pushed = pushByRtmp(server, 'door', clip('faces-360p-h264.mp4'), { speed: 4 });
  const seen: FaceSearchDocument[] = [];
  for await (const document of documents as AsyncIterable<FaceSearchDocument>) {
    seen.push(document);
    if (document.FaceSearchResponse.some(({ MatchedFaces }) => MatchedFaces.length > 0)) break;
  }
  await pushed;
  const { InputInformation, FaceSearchResponse } = seen.at(-1) ?? assert.fail('nothing was seen');
  const { StreamArn, FragmentNumber, FrameOffsetInSeconds } = InputInformation.KinesisVideo;
  assert.equal(StreamArn, videoArn);
  // Key frames: each begins its fragment.
  assert.equal(FrameOffsetInSeconds, 0);
  const { ProducerTimestamp } = InputInformation.KinesisVideo;
  assert.equal(Math.round(ProducerTimestamp * 1000), await producerTimeOf(archived, FragmentNumber));
  for (const { DetectedFace } of FaceSearchResponse) assert.ok(DetectedFace.BoundingBox.Width > 0.02);
  const [match] = FaceSearchResponse.flatMap(({ MatchedFaces }) => MatchedFaces);
  assert.equal(match?.Face.ExternalImageId, 'crew');
  assert.ok((match?.Similarity ?? 0) >= 60);
  const described = await rekognition.send(new DescribeStreamProcessorCommand({ Name: 'faces' }));
  assert.deepEqual([described.Status, described.StatusMessage], ['RUNNING', undefined]);
  await rekognition.send(new StopStreamProcessorCommand({ Name: 'faces' }));
  assert.deepEqual(server.errorLines(), []);
});

interface LabelDocument {
  readonly eventNamespace: { readonly type: string };
  readonly inputInformation: { readonly kinesisVideo: { readonly processedVideoDurationMillis?: number } };
  readonly labels?: readonly {
    readonly name: string;
    readonly confidence: number;
    readonly frameImageUri: string;
    readonly videoMapping: {
      readonly kinesisVideoMapping: {
        readonly fragmentNumber: string;
        readonly producerTimestamp: number;
        readonly frameOffsetMillis: number;
      };
    };
  }[];
}

test('a label session over what PutMedia has sent: the first person, and the end', async (t) => {
  const { server, rekognition, archived, videoArn, documents } = await startRekognition(t);
  const startMs = hourAgo();
  await putClip({ ...server, key: server.admin, stream: 'door' }, clip('parking-360p-h264.mp4'), startMs);
  const Name = 'yard';
  await rekognition.send(
    new CreateStreamProcessorCommand({
      Name,
      Input: { KinesisVideoStream: { Arn: videoArn } },
      Output: { S3Destination: { Bucket: 'pictures' } },
      NotificationChannel: { SNSTopicArn: `arn:aws:sns:us-east-1:${server.accountId}:results` },
      Settings: { ConnectedHome: { Labels: ['PERSON', 'PET'] } },
      RoleArn: ROLE_ARN,
    }),
  );
  const KVSStreamStartSelector = { ProducerTimestamp: startMs + 2000 };
  const StopSelector = { MaxDurationInSeconds: 12 };
  const StartSelector = { KVSStreamStartSelector };
  await rekognition.send(new StartStreamProcessorCommand({ Name, StartSelector, StopSelector }));
  const seen: LabelDocument[] = [];
  for await (const document of documents as AsyncIterable<LabelDocument>) {
    seen.push(document);
    if (document.eventNamespace.type === 'STREAM_PROCESSING_COMPLETE') break;
  }
  assert.deepEqual(
    seen.map(({ eventNamespace }) => eventNamespace.type),
    ['LABEL_DETECTED', 'STREAM_PROCESSING_COMPLETE'],
  );
  const [label] = seen[0]?.labels ?? [];
  assert.equal(label?.name, 'PERSON');
  // The golden table: at eight seconds, in the fifth group of pictures. The clip's video begins a little after its sound.
  const { fragmentNumber, producerTimestamp, frameOffsetMillis } =
    label?.videoMapping.kinesisVideoMapping ?? assert.fail('no place');
  assert.equal(frameOffsetMillis, 0);
  assert.ok(Math.abs(producerTimestamp - startMs - 8000) < 100, `${producerTimestamp - startMs} ms`);
  assert.equal(await producerTimeOf(archived, fragmentNumber), producerTimestamp);
  const processedMs = seen[1]?.inputInformation.kinesisVideo.processedVideoDurationMillis ?? 0;
  assert.ok(processedMs > 11_900 && processedMs < 12_000, `${processedMs} ms`);
  const picture = await fetch(label?.frameImageUri ?? '', {
    headers: { authorization: `Bearer ${server.admin.secret}` },
  });
  assert.equal(picture.headers.get('content-type'), 'image/jpeg');
  assert.ok((await picture.bytes()).length > 1000);
  const described = await rekognition.send(new DescribeStreamProcessorCommand({ Name }));
  assert.deepEqual(
    [described.Status, described.StatusMessage],
    ['STOPPED', '12 seconds of video were looked at.'],
  );
  assert.deepEqual(server.errorLines(), []);
});
