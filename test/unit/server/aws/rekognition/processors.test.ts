import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateCollectionCommand,
  CreateStreamProcessorCommand,
  type CreateStreamProcessorCommandInput,
  DeleteStreamProcessorCommand,
  DescribeStreamProcessorCommand,
  ListStreamProcessorsCommand,
  ListTagsForResourceCommand,
  StartStreamProcessorCommand,
  StopStreamProcessorCommand,
  TagResourceCommand,
  UpdateStreamProcessorCommand,
} from '@aws-sdk/client-rekognition';
import { frameAt, resultOf } from '../../processors/support.ts';
import { DATA_ARN, personFace, ROLE_ARN, startRekognition, VIDEO_ARN } from './rig.ts';

const INVALID = 'InvalidParameterException';
const ARN = 'arn:aws:rekognition:us-east-1:000000000000:streamprocessor/faces';
const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:alerts';

const faceSearch = (more: object = {}): CreateStreamProcessorCommandInput => ({
  Name: 'faces',
  Input: { KinesisVideoStream: { Arn: VIDEO_ARN } },
  Output: { KinesisDataStream: { Arn: DATA_ARN } },
  Settings: { FaceSearch: { CollectionId: 'staff', FaceMatchThreshold: 85.5 } },
  RoleArn: ROLE_ARN,
  ...more,
});

const connectedHome = (more: object = {}): CreateStreamProcessorCommandInput => ({
  Name: 'home',
  Input: { KinesisVideoStream: { Arn: VIDEO_ARN } },
  Output: { S3Destination: { Bucket: 'pictures', KeyPrefix: 'home/' } },
  NotificationChannel: { SNSTopicArn: TOPIC_ARN },
  Settings: { ConnectedHome: { Labels: ['PERSON', 'PET'], MinConfidence: 40 } },
  RoleArn: ROLE_ARN,
  KmsKeyId: 'key-1',
  DataSharingPreference: { OptIn: false },
  RegionsOfInterest: [
    { BoundingBox: { Left: 0, Top: 0, Width: 0.5, Height: 0.5 } },
    {
      Polygon: [
        { X: 0, Y: 0 },
        { X: 1, Y: 0 },
        { X: 0, Y: 1 },
      ],
    },
  ],
  ...more,
});

test('a face search from its making to its end', async (t) => {
  const { client, attached, taken, state } = await startRekognition(t);
  await client.send(new CreateCollectionCommand({ CollectionId: 'staff' }));
  const create = () => client.send(new CreateStreamProcessorCommand(faceSearch({ Tags: { a: 'b' } })));
  assert.equal((await create()).StreamProcessorArn, ARN);
  assert.equal((await create()).StreamProcessorArn, ARN);
  const describe = () => client.send(new DescribeStreamProcessorCommand({ Name: 'faces' }));
  const { $metadata, CreationTimestamp, LastUpdateTimestamp, ...described } = await describe();
  assert.ok(Math.abs(Date.now() - (CreationTimestamp?.getTime() ?? 0)) < 60_000);
  assert.deepEqual(LastUpdateTimestamp, CreationTimestamp);
  const { Name, Input, Output, Settings, RoleArn } = faceSearch();
  assert.deepEqual(described, {
    Name,
    Input,
    Output,
    Settings,
    RoleArn,
    StreamProcessorArn: ARN,
    Status: 'STOPPED',
  });
  const start = () => client.send(new StartStreamProcessorCommand({ Name: 'faces' }));
  state.consent = false;
  await assert.rejects(start(), { name: 'AccessDeniedException', message: /faces\.consent/ });
  state.consent = true;
  assert.match((await start()).SessionId ?? '', /^[0-9a-f-]{36}$/);
  await assert.rejects(start(), { name: 'ResourceInUseException' });
  assert.equal((await describe()).Status, 'RUNNING');
  const faces = [personFace([1, 0, 0, 0])];
  await attached[0]?.onResult(resultOf(frameAt(0), { faces }));
  await assert.rejects(client.send(new DeleteStreamProcessorCommand({ Name: 'faces' })), {
    name: 'ResourceInUseException',
  });
  await client.send(new TagResourceCommand({ ResourceArn: ARN, Tags: { c: 'd' } }));
  assert.deepEqual((await client.send(new ListTagsForResourceCommand({ ResourceArn: ARN }))).Tags, {
    a: 'b',
    c: 'd',
  });
  await client.send(new StopStreamProcessorCommand({ Name: 'faces' }));
  assert.equal((await describe()).Status, 'STOPPED');
  assert.equal(JSON.parse(taken[0] ?? '').InputInformation.KinesisVideo.StreamArn, VIDEO_ARN);
  await client.send(new DeleteStreamProcessorCommand({ Name: 'faces' }));
  const wish = { Name: 'faces' };
  for (const attempt of [
    () => client.send(new DescribeStreamProcessorCommand(wish)),
    () => client.send(new StartStreamProcessorCommand(wish)),
    () => client.send(new StopStreamProcessorCommand(wish)),
    () => client.send(new DeleteStreamProcessorCommand(wish)),
    () => client.send(new UpdateStreamProcessorCommand(wish)),
  ]) {
    await assert.rejects(attempt(), { name: 'ResourceNotFoundException' });
  }
});

test('connected home: told again as it was asked for, changed, started from somewhere', async (t) => {
  const { client } = await startRekognition(t);
  await client.send(new CreateStreamProcessorCommand(connectedHome()));
  const describe = async () => {
    const { $metadata, CreationTimestamp, LastUpdateTimestamp, ...described } = await client.send(
      new DescribeStreamProcessorCommand({ Name: 'home' }),
    );
    return described;
  };
  const { Tags, ...asked } = connectedHome();
  const more = { StreamProcessorArn: ARN.replace('faces', 'home'), Status: 'STOPPED' };
  assert.deepEqual(await describe(), { ...asked, ...more });
  const update = (input: object) => client.send(new UpdateStreamProcessorCommand({ Name: 'home', ...input }));
  const Polygon = [
    { X: 0, Y: 0 },
    { X: 0.5, Y: 0 },
    { X: 0, Y: 0.5 },
  ];
  await update({
    SettingsForUpdate: { ConnectedHomeForUpdate: { Labels: ['ALL'] } },
    RegionsOfInterestForUpdate: [{ Polygon }],
    DataSharingPreferenceForUpdate: { OptIn: true },
  });
  let described = await describe();
  assert.deepEqual(described.Settings, { ConnectedHome: { Labels: ['ALL'], MinConfidence: 40 } });
  assert.deepEqual(described.RegionsOfInterest, [{ Polygon }]);
  assert.deepEqual(described.DataSharingPreference, { OptIn: true });
  await update({ ParametersToDelete: ['ConnectedHomeMinConfidence', 'RegionsOfInterest'] });
  described = await describe();
  assert.deepEqual(described.Settings, { ConnectedHome: { Labels: ['ALL'] } });
  assert.equal(described.RegionsOfInterest, undefined);

  const start = (input: object) => client.send(new StartStreamProcessorCommand({ Name: 'home', ...input }));
  const from = (KVSStreamStartSelector: object) => start({ StartSelector: { KVSStreamStartSelector } });
  const number = '91343852333181432392682062622220590765191907586';
  for (const attempt of [
    () => start({}),
    () => start({ StartSelector: {} }),
    () => from({ ProducerTimestamp: 1, FragmentNumber: number }),
    () => from({ FragmentNumber: '1' }),
    () => from({ ProducerTimestamp: 9e15 }),
  ]) {
    await assert.rejects(attempt(), { name: INVALID });
  }
  await assert.rejects(start({ StopSelector: { MaxDurationInSeconds: 121 } }), {
    name: 'ValidationException',
  });
  await from({ ProducerTimestamp: 1_700_000_000_000 });
  // The stream of this test cannot be opened.
  for (;;) {
    const { Status, StatusMessage } = await describe();
    if (Status === 'STARTING') continue;
    assert.deepEqual([Status, StatusMessage], ['FAILED', 'it cannot be opened']);
    break;
  }
});

test('lists go on where they were', async (t) => {
  const { client } = await startRekognition(t);
  for (const Name of ['b', 'a', 'c'])
    await client.send(new CreateStreamProcessorCommand(connectedHome({ Name })));
  const first = await client.send(new ListStreamProcessorsCommand({ MaxResults: 2 }));
  assert.deepEqual(first.StreamProcessors, [
    { Name: 'a', Status: 'STOPPED' },
    { Name: 'b', Status: 'STOPPED' },
  ]);
  await client.send(new DeleteStreamProcessorCommand({ Name: 'b' }));
  const second = await client.send(new ListStreamProcessorsCommand({ NextToken: first.NextToken }));
  assert.deepEqual(
    second.StreamProcessors?.map(({ Name }) => Name),
    ['c'],
  );
  assert.equal(second.NextToken, undefined);
  await assert.rejects(client.send(new ListStreamProcessorsCommand({ NextToken: '/' })), {
    name: 'InvalidPaginationTokenException',
  });
});

test('what is not taken, and why', async (t) => {
  const { client, dataStreams } = await startRekognition(t);
  await client.send(new CreateCollectionCommand({ CollectionId: 'staff' }));
  const box = { Left: 0, Top: 0, Width: 0.5, Height: 0.5 };
  const polygon = [
    { X: 0, Y: 0 },
    { X: 1, Y: 0 },
    { X: 0, Y: 1 },
  ];
  const regions = (...RegionsOfInterest: object[]) => connectedHome({ RegionsOfInterest });
  const home = (Labels: string[]) => connectedHome({ Settings: { ConnectedHome: { Labels } } });
  const search = (FaceSearch: object) => faceSearch({ Settings: { FaceSearch } });
  const input = (Arn: string | undefined) => faceSearch({ Input: { KinesisVideoStream: { Arn } } });
  const output = (Output: object) => faceSearch({ Output });
  const refusals: readonly (readonly [CreateStreamProcessorCommandInput, RegExp])[] = [
    [input(undefined), /Arn of a KinesisVideoStream/],
    [input(VIDEO_ARN.replace('door', 'gate')), /gate/],
    [input(VIDEO_ARN.replace('1700000000000', '1700000000001')), /does not exist|no stream/i],
    [input(VIDEO_ARN.replace('000000000000:', '111111111111:')), /another account/],
    [output({}), /KinesisDataStream/],
    [
      output({ KinesisDataStream: { Arn: DATA_ARN.replace('results', 'gone') } }),
      /no data stream of this server/,
    ],
    [output({ KinesisDataStream: { Arn: DATA_ARN.replace('us-east-1', 'eu-west-1') } }), /no data stream/],
    [output({ S3Destination: { Bucket: 'abc' } }), /KinesisDataStream/],
    [faceSearch({ NotificationChannel: { SNSTopicArn: TOPIC_ARN } }), /no other one/],
    [faceSearch({ Settings: {} }), /either FaceSearch or ConnectedHome/],
    [search({}), /CollectionId/],
    [search({ CollectionId: 'gone' }), /gone does not exist/],
    [home(['CAT']), /none of ALL, PERSON, PET, PACKAGE/],
    [home(['PACKAGE']), /centernet of door knows nothing of PACKAGE/],
    [connectedHome({ NotificationChannel: undefined }), /NotificationChannel/],
    [
      connectedHome({ NotificationChannel: { SNSTopicArn: TOPIC_ARN.replace('alerts', 'x') } }),
      /stream\/x, which does not exist/,
    ],
    [
      connectedHome({ NotificationChannel: { SNSTopicArn: TOPIC_ARN.replace('us-east-1', 'us-west-2') } }),
      /no topics/,
    ],
    [regions({}), /either a BoundingBox or a Polygon/],
    [regions({ BoundingBox: box, Polygon: polygon }), /either a BoundingBox or a Polygon/],
    [regions({ BoundingBox: { ...box, Left: undefined } }), /Left/],
    [regions({ BoundingBox: { ...box, Width: 1.5 } }), /Width/],
    [regions({ BoundingBox: { ...box, Width: 0 } }), /area/],
    [regions({ Polygon: polygon.slice(1) }), /3 to 10/],
    [regions({ Polygon: [...polygon, { X: -0.1, Y: 0 }] }), /X/],
  ];
  for (const [request, message] of refusals) {
    await assert.rejects(client.send(new CreateStreamProcessorCommand(request)), { name: INVALID, message });
  }
  // The same with a data stream that is named as the output.
  await client.send(
    new CreateStreamProcessorCommand(
      connectedHome({ NotificationChannel: undefined, Output: { KinesisDataStream: { Arn: DATA_ARN } } }),
    ),
  );
  await assert.rejects(client.send(new CreateStreamProcessorCommand(connectedHome())), {
    name: 'ResourceInUseException',
  });
  await client.send(new CreateStreamProcessorCommand(faceSearch()));
  const update = { ConnectedHomeForUpdate: { Labels: ['PERSON'] } };
  for (const change of [
    { SettingsForUpdate: update },
    { ParametersToDelete: ['ConnectedHomeMinConfidence' as const] },
  ]) {
    await assert.rejects(client.send(new UpdateStreamProcessorCommand({ Name: 'faces', ...change })), {
      name: INVALID,
    });
  }
  await assert.rejects(
    client.send(
      new StartStreamProcessorCommand({
        Name: 'faces',
        StartSelector: { KVSStreamStartSelector: { ProducerTimestamp: 1 } },
      }),
    ),
    { name: INVALID },
  );
  dataStreams.add('more');
  for (const Name of ['x', 'y', 'z'])
    await client.send(new CreateStreamProcessorCommand(faceSearch({ Name })));
  await assert.rejects(client.send(new CreateStreamProcessorCommand(faceSearch({ Name: 'sixth' }))), {
    name: 'LimitExceededException',
  });
});
