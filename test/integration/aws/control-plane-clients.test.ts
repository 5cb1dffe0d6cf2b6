import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AwsDriver, pythonDriver, sdkDriver } from './support/aws-drivers.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';
import { runAwsCli } from './support/python-clients.ts';

const MODEL = JSON.parse(
  readFileSync(new URL('../../../../shared/aws-models/kinesisvideo.json', import.meta.url), 'utf8'),
) as { operations: Record<string, unknown> };

const EDGE_CONFIG = {
  HubDeviceArn: 'arn:aws:iot:us-east-1:000000000000:thing/hub',
  RecorderConfig: {
    MediaSourceConfig: {
      MediaUriSecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:door',
      MediaUriType: 'RTSP_URI',
    },
    ScheduleConfig: { ScheduleExpression: '0 0 8 ? * MON *', DurationInSeconds: 3600 },
  },
  DeletionConfig: { EdgeRetentionInHours: 12, DeleteAfterUpload: true },
};

const IMAGES = {
  Status: 'ENABLED',
  ImageSelectorType: 'SERVER_TIMESTAMP',
  DestinationConfig: { Uri: 'file://door', DestinationRegion: 'us-east-1' },
  SamplingInterval: 3000,
  Format: 'JPEG',
  FormatConfig: { JPEGQuality: '70' },
  WidthPixels: 640,
};

/** Every operation once and more, by one client. Answers the operations that were called. */
async function everyOperation(client: AwsDriver, server: AwsTestServer): Promise<Set<string>> {
  const called = new Set<string>();
  const call = (operation: string, input: Record<string, unknown> = {}) => {
    called.add(operation);
    return client.call(operation, input);
  };
  const account = `arn:aws:kinesisvideo:${server.region}:${server.accountId}`;

  // Streams
  const before = Math.floor(Date.now() / 1000);
  const { StreamARN } = await call('CreateStream', {
    StreamName: 'door',
    DeviceName: 'camera-7',
    MediaType: 'video/h264,audio/aac',
    KmsKeyId: 'alias/mine',
    DataRetentionInHours: 24,
    Tags: { site: 'north' },
    StreamStorageConfiguration: { DefaultStorageTier: 'WARM' },
  });
  assert.match(StreamARN, new RegExp(`^${account}:stream/door/\\d{13}$`));
  const { StreamInfo } = await call('DescribeStream', { StreamName: 'door' });
  const { Version, CreationTime, ...rest } = StreamInfo;
  assert.deepEqual(rest, {
    DeviceName: 'camera-7',
    StreamName: 'door',
    StreamARN,
    MediaType: 'video/h264,audio/aac',
    KmsKeyId: 'alias/mine',
    Status: 'ACTIVE',
    DataRetentionInHours: 24,
  });
  assert.match(Version, /^[A-Za-z0-9]{20}$/);
  assert.ok(secondsOf(CreationTime) >= before);
  const byArn = await call('DescribeStream', { StreamARN });
  assert.deepEqual(byArn.StreamInfo, StreamInfo);
  await call('UpdateStream', { StreamARN, CurrentVersion: Version, MediaType: 'video/h265' });
  const updated = (await call('DescribeStream', { StreamARN })).StreamInfo;
  assert.deepEqual([updated.MediaType, updated.DeviceName], ['video/h265', 'camera-7']);
  assert.notEqual(updated.Version, Version);
  await call('UpdateDataRetention', {
    StreamName: 'door',
    CurrentVersion: updated.Version,
    Operation: 'DECREASE_DATA_RETENTION',
    DataRetentionChangeInHours: 23,
  });
  const shorter = (await call('DescribeStream', { StreamARN })).StreamInfo;
  assert.equal(shorter.DataRetentionInHours, 1);
  assert.deepEqual(await call('DescribeStreamStorageConfiguration', { StreamARN }), {
    StreamName: 'door',
    StreamARN,
    StreamStorageConfiguration: { DefaultStorageTier: 'WARM' },
  });
  await call('UpdateStreamStorageConfiguration', {
    StreamARN,
    CurrentVersion: shorter.Version,
    StreamStorageConfiguration: { DefaultStorageTier: 'HOT' },
  });
  const storage = await call('DescribeStreamStorageConfiguration', { StreamName: 'door' });
  assert.equal(storage.StreamStorageConfiguration.DefaultStorageTier, 'HOT');
  assert.deepEqual(await call('GetDataEndpoint', { StreamName: 'door', APIName: 'GET_MEDIA' }), {
    DataEndpoint: server.endpoint,
  });
  await client.call('CreateStream', { StreamName: 'yard' });
  const listed = await call('ListStreams', {
    StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'do' },
  });
  assert.deepEqual(
    listed.StreamInfoList.map((info: { StreamName: string }) => info.StreamName),
    ['door'],
  );

  // Tags
  await call('TagStream', { StreamName: 'door', Tags: { floor: '1', site: 'south' } });
  assert.deepEqual(await call('ListTagsForStream', { StreamARN }), { Tags: { floor: '1', site: 'south' } });
  await call('UntagStream', { StreamARN, TagKeyList: ['site', 'never'] });
  assert.deepEqual((await call('ListTagsForStream', { StreamName: 'door' })).Tags, { floor: '1' });

  // Notifications and images
  const NotificationConfiguration = {
    Status: 'ENABLED',
    DestinationConfig: { Uri: 'https://example.org/hook' },
  };
  await call('UpdateNotificationConfiguration', { StreamName: 'door', NotificationConfiguration });
  assert.deepEqual(await call('DescribeNotificationConfiguration', { StreamARN }), {
    NotificationConfiguration,
  });
  await call('UpdateNotificationConfiguration', { StreamName: 'door' });
  assert.deepEqual(await call('DescribeNotificationConfiguration', { StreamARN }), {});
  await call('UpdateImageGenerationConfiguration', { StreamARN, ImageGenerationConfiguration: IMAGES });
  assert.deepEqual(await call('DescribeImageGenerationConfiguration', { StreamName: 'door' }), {
    ImageGenerationConfiguration: IMAGES,
  });

  // Edge
  const started = await call('StartEdgeConfigurationUpdate', { StreamARN, EdgeConfig: EDGE_CONFIG });
  assert.equal(started.SyncStatus, 'SYNCING');
  const described = await call('DescribeEdgeConfiguration', { StreamName: 'door' });
  assert.deepEqual(described.EdgeConfig, EDGE_CONFIG);
  const ofHub = await call('ListEdgeAgentConfigurations', { HubDeviceArn: EDGE_CONFIG.HubDeviceArn });
  assert.deepEqual(ofHub.EdgeConfigs[0].StreamARN, StreamARN);
  await call('DeleteEdgeConfiguration', { StreamARN });
  assert.equal((await call('DescribeEdgeConfiguration', { StreamARN })).SyncStatus, 'DELETING');

  // Channels
  const { ChannelARN } = await call('CreateSignalingChannel', {
    ChannelName: 'hall',
    ChannelType: 'SINGLE_MASTER',
    SingleMasterConfiguration: { MessageTtlSeconds: 30 },
    Tags: [{ Key: 'site', Value: 'north' }],
  });
  assert.match(ChannelARN, new RegExp(`^${account}:channel/hall/\\d{13}$`));
  const { ChannelInfo } = await call('DescribeSignalingChannel', { ChannelName: 'hall' });
  assert.deepEqual(
    [ChannelInfo.ChannelARN, ChannelInfo.ChannelType, ChannelInfo.ChannelStatus],
    [ChannelARN, 'SINGLE_MASTER', 'ACTIVE'],
  );
  assert.equal(ChannelInfo.SingleMasterConfiguration.MessageTtlSeconds, 30);
  await call('UpdateSignalingChannel', {
    ChannelARN,
    CurrentVersion: ChannelInfo.Version,
    SingleMasterConfiguration: { MessageTtlSeconds: 90 },
  });
  const channels = await call('ListSignalingChannels', { MaxResults: 5 });
  assert.equal(channels.ChannelInfoList[0].SingleMasterConfiguration.MessageTtlSeconds, 90);
  await call('TagResource', { ResourceARN: ChannelARN, Tags: [{ Key: 'floor', Value: '2' }] });
  await call('UntagResource', { ResourceARN: ChannelARN, TagKeyList: ['site'] });
  assert.deepEqual(await call('ListTagsForResource', { ResourceARN: ChannelARN }), { Tags: { floor: '2' } });
  await call('UpdateMediaStorageConfiguration', {
    ChannelARN,
    MediaStorageConfiguration: { StreamARN, Status: 'ENABLED' },
  });
  assert.deepEqual(await call('DescribeMediaStorageConfiguration', { ChannelARN }), {
    MediaStorageConfiguration: { StreamARN, Status: 'ENABLED' },
  });
  assert.deepEqual(await call('DescribeMappedResourceConfiguration', { StreamName: 'door' }), {
    MappedResourceConfigurationList: [{ Type: 'SIGNALING_CHANNEL', ARN: ChannelARN }],
  });
  const { ResourceEndpointList } = await call('GetSignalingChannelEndpoint', {
    ChannelARN,
    SingleMasterChannelEndpointConfiguration: { Protocols: ['WSS', 'HTTPS', 'WEBRTC'], Role: 'MASTER' },
  });
  assert.deepEqual(ResourceEndpointList, [
    { Protocol: 'WSS', ResourceEndpoint: server.endpoint.replace('http', 'ws') },
    { Protocol: 'HTTPS', ResourceEndpoint: server.endpoint },
    { Protocol: 'WEBRTC', ResourceEndpoint: server.endpoint },
  ]);

  // The end of both
  await call('DeleteSignalingChannel', { ChannelARN });
  await call('DeleteStream', { StreamARN });
  await assert.rejects(call('DescribeStream', { StreamName: 'door' }), {
    code: 'ResourceNotFoundException',
  });
  await assert.rejects(call('DescribeSignalingChannel', { ChannelARN }), {
    code: 'ResourceNotFoundException',
  });
  return called;
}

/** The clients give times as numbers or as ISO text. */
function secondsOf(time: unknown): number {
  return typeof time === 'number' ? time : Date.parse(String(time)) / 1000;
}

/** Images may go to folders below this one; nothing is written here. */
const SETTINGS = { notify: { imageDirectory: '/nowhere' } };

test('the JavaScript SDK drives every operation', async (t) => {
  const server = await startAwsServer(t, SETTINGS);
  const called = await everyOperation(sdkDriver(t, server), server);
  assert.deepEqual([...called].sort(), Object.keys(MODEL.operations).sort());
  assert.deepEqual(server.errorLines(), []);
});

for (const kind of ['boto3', 'cli'] as const) {
  test(`${kind} drives every operation`, async (t) => {
    const server = await startAwsServer(t, SETTINGS);
    const called = await everyOperation(await pythonDriver(t, kind, server), server);
    assert.equal(called.size, Object.keys(MODEL.operations).length);
    assert.deepEqual(server.errorLines(), []);
  });

  test(`${kind} with a wrong secret is refused`, async (t) => {
    const server = await startAwsServer(t);
    const client = await pythonDriver(t, kind, server, { id: server.admin.id, secret: 'guessed' });
    await assert.rejects(client.call('ListStreams'), { code: 'InvalidSignatureException' });
  });
}

test('the aws program itself: create, list by pages, delete', async (t) => {
  const server = await startAwsServer(t);
  const aws = async (...args: string[]) => {
    const { code, stdout, stderr } = await runAwsCli(server, ['kinesisvideo', ...args]);
    assert.equal(code, 0, stderr + server.errorLines().join());
    return stdout === '' ? undefined : JSON.parse(stdout);
  };
  const { StreamARN } = await aws('create-stream', '--stream-name', 'a', '--data-retention-in-hours', '2');
  await sdkDriver(t, server).call('CreateStream', { StreamName: 'b' });
  const { StreamInfoList } = await aws('list-streams', '--page-size', '1');
  assert.equal(StreamInfoList.length, 2);
  await aws('delete-stream', '--stream-arn', StreamARN);
  const missing = await runAwsCli(server, ['kinesisvideo', 'describe-stream', '--stream-name', 'a']);
  assert.match(missing.stderr, /\(ResourceNotFoundException\).*DescribeStream/);
});
