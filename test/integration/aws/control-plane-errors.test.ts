import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AwsDriver, sdkDriver } from './support/aws-drivers.ts';
import { type AwsTestServer, startAwsServer } from './support/aws-server.ts';

const REFERENCE_OPERATIONS = [
  ['DescribeStream', {}],
  ['UpdateStream', { CurrentVersion: 'a' }],
  [
    'UpdateDataRetention',
    { CurrentVersion: 'a', Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 },
  ],
  ['GetDataEndpoint', { APIName: 'PUT_MEDIA' }],
  ['TagStream', { Tags: { a: 'b' } }],
  ['UntagStream', { TagKeyList: ['a'] }],
  ['ListTagsForStream', {}],
  ['DescribeStreamStorageConfiguration', {}],
  [
    'UpdateStreamStorageConfiguration',
    { CurrentVersion: 'a', StreamStorageConfiguration: { DefaultStorageTier: 'HOT' } },
  ],
  ['DescribeNotificationConfiguration', {}],
  ['UpdateNotificationConfiguration', {}],
  ['DescribeImageGenerationConfiguration', {}],
  ['UpdateImageGenerationConfiguration', {}],
  ['DescribeEdgeConfiguration', {}],
  ['DeleteEdgeConfiguration', {}],
  ['StartEdgeConfigurationUpdate', { EdgeConfig: edgeConfig() }],
  ['DescribeMappedResourceConfiguration', {}],
] as const satisfies readonly (readonly [string, Record<string, unknown>])[];

/** Of these, the model says AccessDenied where the others say NotAuthorized (kvs.md §1.1). */
const ACCESS_DENIED = /Storage|Notification|ImageGeneration|Edge|Mapped/;

function edgeConfig(hub = 'hub') {
  return {
    HubDeviceArn: `arn:aws:iot:us-east-1:000000000000:thing/${hub}`,
    RecorderConfig: {
      MediaSourceConfig: {
        MediaUriSecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:door',
        MediaUriType: 'RTSP_URI',
      },
    },
  };
}

const refuses = (call: Promise<unknown>, code: string) => assert.rejects(call, { code: `${code}Exception` });

async function start(t: TestContext, settings = {}) {
  const server = await startAwsServer(t, settings);
  const admin = sdkDriver(t, server);
  const as = (...rights: Parameters<AwsTestServer['addKey']>[0]) =>
    sdkDriver(t, server, server.addKey(rights));
  return { server, admin, as };
}

async function versionOf(client: AwsDriver, StreamName: string): Promise<string> {
  return (await client.call('DescribeStream', { StreamName })).StreamInfo.Version;
}

test('how a stream is named: by name or ARN of this account, one that is there', async (t) => {
  const { server, admin } = await start(t);
  const { StreamARN } = await admin.call('CreateStream', { StreamName: 'cam', DataRetentionInHours: 1 });
  const [, , , region, account] = StreamARN.split(':');
  for (const [operation, input] of REFERENCE_OPERATIONS) {
    const call = (reference: object) => admin.call(operation, { ...input, ...reference });
    await refuses(call({}), 'InvalidArgument');
    await refuses(call({ StreamName: 'cam', StreamARN }), 'InvalidArgument');
    await refuses(call({ StreamARN: StreamARN.replace(region, 'eu-west-1') }), 'InvalidArgument');
    await refuses(call({ StreamARN: StreamARN.replace(account, '111111111111') }), 'InvalidArgument');
    await refuses(call({ StreamARN: StreamARN.replace(':stream/', ':channel/') }), 'InvalidArgument');
    await refuses(call({ StreamARN: 'cam' }), 'InvalidArgument');
    await refuses(call({ StreamName: 'not a name' }), 'InvalidArgument');
    await refuses(call({ StreamName: 'nobody' }), 'ResourceNotFound');
    // An earlier stream of that name.
    await refuses(call({ StreamARN: `${StreamARN.slice(0, -13)}1234567890123` }), 'ResourceNotFound');
  }
  await refuses(admin.call('DeleteStream', { StreamARN: `${StreamARN}0` }), 'ResourceNotFound');
  assert.deepEqual(server.errorLines(), []);
});

test('who has no right learns nothing of existence', async (t) => {
  const { admin, as } = await start(t);
  const nobody = as({ action: 'view', stream: 'else' });
  const { StreamARN } = await admin.call('CreateStream', { StreamName: 'cam' });
  const { ChannelARN } = await admin.call('CreateSignalingChannel', { ChannelName: 'cam' });
  for (const [operation, input] of REFERENCE_OPERATIONS) {
    const code = ACCESS_DENIED.test(operation) ? 'AccessDenied' : 'NotAuthorized';
    for (const StreamName of ['cam', 'missing']) {
      await refuses(nobody.call(operation, { ...input, StreamName }), code);
    }
  }
  await refuses(nobody.call('DeleteStream', { StreamARN }), 'NotAuthorized');
  await refuses(nobody.call('CreateStream', { StreamName: 'new' }), 'AccessDenied');
  await refuses(nobody.call('CreateSignalingChannel', { ChannelName: 'new' }), 'AccessDenied');
  for (const arn of [ChannelARN, ChannelARN.replace('cam', 'missing')]) {
    await refuses(nobody.call('DescribeSignalingChannel', { ChannelARN: arn }), 'AccessDenied');
    await refuses(nobody.call('DeleteSignalingChannel', { ChannelARN: arn }), 'AccessDenied');
    await refuses(
      nobody.call('UpdateSignalingChannel', { ChannelARN: arn, CurrentVersion: 'a' }),
      'AccessDenied',
    );
    await refuses(nobody.call('GetSignalingChannelEndpoint', { ChannelARN: arn }), 'AccessDenied');
    await refuses(nobody.call('DescribeMediaStorageConfiguration', { ChannelARN: arn }), 'AccessDenied');
    await refuses(
      nobody.call('UpdateMediaStorageConfiguration', {
        ChannelARN: arn,
        MediaStorageConfiguration: { Status: 'DISABLED' },
      }),
      'AccessDenied',
    );
    await refuses(nobody.call('ListTagsForResource', { ResourceARN: arn }), 'AccessDenied');
    await refuses(
      nobody.call('TagResource', { ResourceARN: arn, Tags: [{ Key: 'a', Value: 'b' }] }),
      'AccessDenied',
    );
    await refuses(nobody.call('UntagResource', { ResourceARN: arn, TagKeyList: ['a'] }), 'AccessDenied');
  }
  const { HubDeviceArn } = edgeConfig();
  await refuses(nobody.call('ListEdgeAgentConfigurations', { HubDeviceArn }), 'NotAuthorized');
  assert.deepEqual((await nobody.call('ListStreams')).StreamInfoList, []);
  assert.deepEqual((await nobody.call('ListSignalingChannels')).ChannelInfoList, []);
});

test('a producer may do what its start needs, and no more', async (t) => {
  const { admin, as } = await start(t);
  const producer = as({ action: 'publish', stream: 'cam-*' });
  await refuses(producer.call('DescribeStream', { StreamName: 'cam-1' }), 'ResourceNotFound');
  const { StreamARN } = await producer.call('CreateStream', { StreamName: 'cam-1', DataRetentionInHours: 2 });
  await producer.call('TagStream', { StreamARN, Tags: { a: 'b' } });
  await producer.call('DescribeStream', { StreamARN });
  await producer.call('GetDataEndpoint', { StreamName: 'cam-1', APIName: 'PUT_MEDIA' });
  await refuses(producer.call('CreateStream', { StreamName: 'door' }), 'AccessDenied');
  await refuses(producer.call('UntagStream', { StreamARN, TagKeyList: ['a'] }), 'NotAuthorized');
  await refuses(producer.call('DeleteStream', { StreamARN }), 'NotAuthorized');
  const CurrentVersion = await versionOf(admin, 'cam-1');
  await refuses(producer.call('UpdateStream', { StreamARN, CurrentVersion }), 'NotAuthorized');
  const viewer = as({ action: 'view', stream: 'cam-1' });
  assert.equal((await viewer.call('ListStreams')).StreamInfoList.length, 1);
  await refuses(viewer.call('TagStream', { StreamARN, Tags: { a: 'c' } }), 'NotAuthorized');
});

test('without auto-creation a producer makes no streams', async (t) => {
  const { as } = await start(t, { streams: { autoCreate: false } });
  const producer = as({ action: 'publish', stream: '*' });
  await refuses(producer.call('CreateStream', { StreamName: 'cam' }), 'AccessDenied');
});

test('streams: taken names, limits, bad names and times', async (t) => {
  const { admin } = await start(t, { streams: { maxStreams: 2 } });
  await admin.call('CreateStream', { StreamName: 'a' });
  await refuses(admin.call('CreateStream', { StreamName: 'a' }), 'ResourceInUse');
  await refuses(admin.call('CreateStream', { StreamName: '.hidden' }), 'InvalidArgument');
  for (const input of [
    { StreamName: '' },
    { StreamName: 'a'.repeat(257) },
    { StreamName: 'b', DataRetentionInHours: 87_601 },
    { StreamName: 'b', DataRetentionInHours: -1 },
    { StreamName: 'b', MediaType: 'video' },
    { StreamName: 'b', DeviceName: 'a b' },
    { StreamName: 'b', StreamStorageConfiguration: { DefaultStorageTier: 'COLD' } },
    { StreamName: 'b', StreamStorageConfiguration: {} },
  ]) {
    await refuses(admin.call('CreateStream', input), 'InvalidArgument');
  }
  await admin.call('CreateStream', { StreamName: 'b'.repeat(256), DataRetentionInHours: 87_600 });
  await refuses(admin.call('CreateStream', { StreamName: 'c' }), 'AccountStreamLimitExceeded');
});

test('stale versions are refused, and every change makes another', async (t) => {
  const { admin } = await start(t);
  const { StreamARN } = await admin.call('CreateStream', { StreamName: 'cam', DataRetentionInHours: 5 });
  const { ChannelARN } = await admin.call('CreateSignalingChannel', { ChannelName: 'cam' });
  const versions = [await versionOf(admin, 'cam')];
  const changes = [
    ['UpdateStream', { DeviceName: 'other' }],
    ['UpdateDataRetention', { Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 }],
    ['UpdateDataRetention', { Operation: 'DECREASE_DATA_RETENTION', DataRetentionChangeInHours: 6 }],
    ['UpdateStreamStorageConfiguration', { StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } }],
  ] as const;
  for (const [operation, input] of changes) {
    await admin.call(operation, { ...input, StreamARN, CurrentVersion: versions.at(-1) });
    await refuses(
      admin.call(operation, { ...input, StreamARN, CurrentVersion: versions.at(-1) }),
      'VersionMismatch',
    );
    versions.push(await versionOf(admin, 'cam'));
  }
  assert.equal(new Set(versions).size, versions.length);
  await refuses(admin.call('DeleteStream', { StreamARN, CurrentVersion: versions[0] }), 'VersionMismatch');
  await admin.call('DeleteStream', { StreamARN, CurrentVersion: versions.at(-1) });

  const { Version } = (await admin.call('DescribeSignalingChannel', { ChannelARN })).ChannelInfo;
  await admin.call('UpdateSignalingChannel', { ChannelARN, CurrentVersion: Version });
  await refuses(
    admin.call('UpdateSignalingChannel', { ChannelARN, CurrentVersion: Version }),
    'VersionMismatch',
  );
  await refuses(
    admin.call('DeleteSignalingChannel', { ChannelARN, CurrentVersion: Version }),
    'VersionMismatch',
  );
});

test('retention is a delta between 0 and 87600 hours', async (t) => {
  const { admin } = await start(t);
  await admin.call('CreateStream', { StreamName: 'cam' });
  const change = async (Operation: string, DataRetentionChangeInHours: number) =>
    admin.call('UpdateDataRetention', {
      StreamName: 'cam',
      CurrentVersion: await versionOf(admin, 'cam'),
      Operation: `${Operation}_DATA_RETENTION`,
      DataRetentionChangeInHours,
    });
  const hours = async () =>
    (await admin.call('DescribeStream', { StreamName: 'cam' })).StreamInfo.DataRetentionInHours;
  assert.equal(await hours(), 0);
  await refuses(change('DECREASE', 1), 'InvalidArgument');
  await refuses(change('INCREASE', 87_601), 'InvalidArgument');
  await refuses(change('INCREASE', 0), 'InvalidArgument');
  await change('INCREASE', 87_600);
  assert.equal(await hours(), 87_600);
  await change('DECREASE', 87_598);
  assert.equal(await hours(), 2);
});

test('a stream made by another door shows up here, and the other way round', async (t) => {
  const { server, admin } = await start(t, { access: { open: true } });
  const rest = (path: string, init?: RequestInit) => fetch(`${server.endpoint}/api/streams${path}`, init);
  const headers = { 'content-type': 'application/json', origin: server.endpoint };
  const made = await rest('', { method: 'POST', headers, body: JSON.stringify({ name: 'cam' }) });
  assert.equal(made.status, 201);
  const { StreamInfo } = await admin.call('DescribeStream', { StreamName: 'cam' });
  assert.equal(StreamInfo.DataRetentionInHours, 87_600);
  assert.match(StreamInfo.KmsKeyId, /^arn:aws:kms:us-east-1:000000000000:alias\/aws\/kinesisvideo$/);
  await admin.call('CreateStream', { StreamName: 'door', DataRetentionInHours: 3 });
  const shown = (await (await rest('/door')).json()) as { retentionHours: number };
  assert.equal(shown.retentionHours, 3);
  await rest('/door', { method: 'PATCH', headers, body: JSON.stringify({ retentionHours: 0.5 }) });
  const { StreamInfo: patched } = await admin.call('DescribeStream', { StreamName: 'door' });
  assert.equal(patched.DataRetentionInHours, 1);
});

test('lists come in pages whose tokens belong to one list', async (t) => {
  const { admin } = await start(t);
  const names = ['a-1', 'a-2', 'a-3', 'b-1'];
  for (const name of names) {
    await admin.call('CreateStream', { StreamName: name, DataRetentionInHours: 1 });
    await admin.call('CreateSignalingChannel', { ChannelName: name });
    await admin.call('StartEdgeConfigurationUpdate', { StreamName: name, EdgeConfig: edgeConfig() });
  }
  const lists = [
    ['ListStreams', 'StreamInfoList', 'StreamName', {}],
    ['ListSignalingChannels', 'ChannelInfoList', 'ChannelName', {}],
    ['ListEdgeAgentConfigurations', 'EdgeConfigs', 'StreamName', { HubDeviceArn: edgeConfig().HubDeviceArn }],
  ] as const;
  const tokens: string[] = [];
  for (const [operation, list, name, input] of lists) {
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await admin.call(operation, { ...input, MaxResults: 3, NextToken });
      seen.push(...page[list].map((item: Record<string, string>) => item[name]));
      NextToken = page.NextToken;
      if (NextToken !== undefined) {
        assert.match(NextToken, /^[a-zA-Z0-9+/=]+$/);
        tokens.push(NextToken);
      }
    } while (NextToken !== undefined);
    assert.deepEqual(seen, names);
    const { NextToken: none } = await admin.call(operation, { ...input, MaxResults: 4, NextToken: '' });
    assert.equal(none, undefined);
  }
  for (const [at, [operation, , , input]] of lists.entries()) {
    const foreign = tokens[(at + 1) % tokens.length] ?? '';
    for (const NextToken of [foreign, 'AAAA', 'x', '=', '!', 'A'.repeat(1025), `${tokens[at]}AAAA`]) {
      await refuses(admin.call(operation, { ...input, NextToken }), 'InvalidArgument');
    }
  }
  const condition = { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'a-' };
  const first = await admin.call('ListStreams', { MaxResults: 2, StreamNameCondition: condition });
  assert.equal(first.StreamInfoList.length, 2);
  const second = await admin.call('ListStreams', {
    NextToken: first.NextToken,
    StreamNameCondition: condition,
  });
  assert.deepEqual(second.StreamInfoList[0].StreamName, 'a-3');
  await refuses(admin.call('ListStreams', { NextToken: first.NextToken }), 'InvalidArgument');
  for (const MaxResults of [0, 10_001]) {
    await refuses(admin.call('ListStreams', { MaxResults }), 'InvalidArgument');
    await refuses(admin.call('ListSignalingChannels', { MaxResults }), 'InvalidArgument');
  }
  const { HubDeviceArn } = edgeConfig();
  await refuses(
    admin.call('ListEdgeAgentConfigurations', { HubDeviceArn, MaxResults: 11 }),
    'InvalidArgument',
  );
  const other = edgeConfig('another').HubDeviceArn;
  const ofOther = await admin.call('ListEdgeAgentConfigurations', { HubDeviceArn: other });
  assert.deepEqual(ofOther.EdgeConfigs, []);
});

test('tags: 50 a resource, map and list forms, unknown keys are passed over', async (t) => {
  const { admin } = await start(t);
  const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`key ${at}`, '']));
  const { StreamARN } = await admin.call('CreateStream', { StreamName: 'cam', Tags: fifty });
  await refuses(
    admin.call('TagStream', { StreamARN, Tags: { more: 'x', 'key 0': 'y' } }),
    'TagsPerResourceExceededLimit',
  );
  assert.deepEqual((await admin.call('ListTagsForStream', { StreamARN })).Tags, fifty);
  await admin.call('TagStream', { StreamARN, Tags: { 'key 0': 'y' } });
  await admin.call('UntagResource', { ResourceARN: StreamARN, TagKeyList: ['key 1', 'unknown'] });
  const left = (await admin.call('ListTagsForResource', { ResourceARN: StreamARN })).Tags;
  assert.equal(Object.keys(left).length, 49);
  assert.equal(left['key 0'], 'y');
  await refuses(admin.call('ListTagsForStream', { StreamARN, NextToken: 'AAAA' }), 'InvalidArgument');
  await refuses(admin.call('TagStream', { StreamARN, Tags: { ['k'.repeat(129)]: '' } }), 'InvalidArgument');
  await refuses(admin.call('TagStream', { StreamARN, Tags: { k: 'v'.repeat(257) } }), 'InvalidArgument');

  const list = Object.keys(fifty).map((Key) => ({ Key, Value: 'v' }));
  const { ChannelARN } = await admin.call('CreateSignalingChannel', { ChannelName: 'c', Tags: list });
  await refuses(
    admin.call('TagResource', { ResourceARN: ChannelARN, Tags: [{ Key: 'more', Value: 'x' }] }),
    'TagsPerResourceExceededLimit',
  );
  await refuses(admin.call('ListTagsForResource', { ResourceARN: `${ChannelARN}0` }), 'ResourceNotFound');
  // Tags go with their resource.
  await admin.call('DeleteSignalingChannel', { ChannelARN });
  await admin.call('DeleteStream', { StreamARN });
  const again = await admin.call('CreateStream', { StreamName: 'cam' });
  assert.notEqual(again.StreamARN, StreamARN);
  assert.deepEqual((await admin.call('ListTagsForStream', { StreamName: 'cam' })).Tags, {});
});

test('channels: taken names, limits, endpoints, storage', async (t) => {
  const { admin, as } = await start(t, {
    signaling: { maxChannels: 2 },
    http: { publicUrl: 'https://video.example.org' },
  });
  const { ChannelARN } = await admin.call('CreateSignalingChannel', { ChannelName: 'cam-1' });
  await refuses(admin.call('CreateSignalingChannel', { ChannelName: 'cam-1' }), 'ResourceInUse');
  const { ChannelARN: other } = await admin.call('CreateSignalingChannel', { ChannelName: 'cam-2' });
  await refuses(admin.call('CreateSignalingChannel', { ChannelName: 'c' }), 'AccountChannelLimitExceeded');
  const { ChannelInfo } = await admin.call('DescribeSignalingChannel', { ChannelARN });
  assert.equal(ChannelInfo.SingleMasterConfiguration.MessageTtlSeconds, 60);
  for (const MessageTtlSeconds of [4, 121]) {
    await refuses(
      admin.call('CreateSignalingChannel', {
        ChannelName: 'c',
        SingleMasterConfiguration: { MessageTtlSeconds },
      }),
      'InvalidArgument',
    );
  }
  for (const reference of [{}, { ChannelName: 'cam-1', ChannelARN }]) {
    await refuses(admin.call('DescribeSignalingChannel', reference), 'InvalidArgument');
    await refuses(admin.call('DescribeMediaStorageConfiguration', reference), 'InvalidArgument');
  }

  const endpoint = (client: AwsDriver, SingleMasterChannelEndpointConfiguration?: object) =>
    client.call('GetSignalingChannelEndpoint', { ChannelARN, SingleMasterChannelEndpointConfiguration });
  assert.deepEqual((await endpoint(admin)).ResourceEndpointList, [
    { Protocol: 'WSS', ResourceEndpoint: 'wss://video.example.org' },
    { Protocol: 'HTTPS', ResourceEndpoint: 'https://video.example.org' },
  ]);
  await refuses(endpoint(admin, { Protocols: ['WEBRTC'] }), 'InvalidArgument');
  await refuses(endpoint(admin, { Protocols: [] }), 'InvalidArgument');
  const viewer = as({ action: 'view', stream: 'cam-*' });
  await endpoint(viewer, { Protocols: ['WSS'], Role: 'VIEWER' });
  await refuses(endpoint(viewer, { Protocols: ['WSS'], Role: 'MASTER' }), 'AccessDenied');

  const storage = (channel: string, MediaStorageConfiguration: object) =>
    admin.call('UpdateMediaStorageConfiguration', { ChannelARN: channel, MediaStorageConfiguration });
  const described = async (channel: string) =>
    (await admin.call('DescribeMediaStorageConfiguration', { ChannelARN: channel }))
      .MediaStorageConfiguration;
  const mapped = async () =>
    (await admin.call('DescribeMappedResourceConfiguration', { StreamName: 'kept', MaxResults: 1 }))
      .MappedResourceConfigurationList;
  const { StreamARN: empty } = await admin.call('CreateStream', { StreamName: 'empty' });
  const { StreamARN } = await admin.call('CreateStream', { StreamName: 'kept', DataRetentionInHours: 1 });
  await refuses(storage(ChannelARN, { Status: 'ENABLED' }), 'InvalidArgument');
  await refuses(storage(ChannelARN, { Status: 'ENABLED', StreamARN: empty }), 'NoDataRetention');
  await refuses(storage(ChannelARN, { Status: 'ENABLED', StreamARN: `${StreamARN}1` }), 'ResourceNotFound');
  await refuses(storage(`${ChannelARN}1`, { Status: 'ENABLED', StreamARN }), 'ResourceNotFound');
  assert.deepEqual(await described(ChannelARN), { Status: 'DISABLED' });
  await storage(ChannelARN, { Status: 'ENABLED', StreamARN });
  await refuses(storage(other, { Status: 'ENABLED', StreamARN }), 'ResourceInUse');
  assert.deepEqual(await mapped(), [{ Type: 'SIGNALING_CHANNEL', ARN: ChannelARN }]);
  await refuses(
    admin.call('DescribeMappedResourceConfiguration', { StreamName: 'kept', MaxResults: 2 }),
    'InvalidArgument',
  );
  await refuses(
    admin.call('DescribeMappedResourceConfiguration', { StreamName: 'kept', NextToken: 'AAAA' }),
    'InvalidArgument',
  );
  await storage(ChannelARN, { Status: 'DISABLED', StreamARN });
  assert.deepEqual(await described(ChannelARN), { Status: 'DISABLED', StreamARN });
  assert.deepEqual(await mapped(), []);
  await storage(other, { Status: 'ENABLED', StreamARN });
  assert.deepEqual(await described(ChannelARN), { Status: 'DISABLED' });
  await storage(other, { Status: 'DISABLED' });
  assert.deepEqual(await described(other), { Status: 'DISABLED' });
  await storage(other, { Status: 'ENABLED', StreamARN });
  await admin.call('DeleteStream', { StreamARN });
  assert.deepEqual(await described(other), { Status: 'DISABLED' });
});

test('notifications and images: what the model leaves open, and retention', async (t) => {
  const { admin } = await start(t, { notify: { imageDirectory: '/nowhere' } });
  await admin.call('CreateStream', { StreamName: 'empty' });
  await admin.call('CreateStream', { StreamName: 'cam', DataRetentionInHours: 1 });
  const notification = { Status: 'ENABLED', DestinationConfig: { Uri: 'https://example.org' } };
  const images = {
    Status: 'ENABLED',
    ImageSelectorType: 'PRODUCER_TIMESTAMP',
    DestinationConfig: { Uri: 'file://door', DestinationRegion: 'us-east-1' },
    SamplingInterval: 200,
    Format: 'JPEG',
  };
  const notify = (StreamName: string, NotificationConfiguration: object) =>
    admin.call('UpdateNotificationConfiguration', { StreamName, NotificationConfiguration });
  const generate = (StreamName: string, changes: object = {}) =>
    admin.call('UpdateImageGenerationConfiguration', {
      StreamName,
      ImageGenerationConfiguration: { ...images, ...changes },
    });
  await refuses(notify('empty', notification), 'NoDataRetention');
  await refuses(generate('empty'), 'NoDataRetention');
  await refuses(notify('cam', { Status: 'ENABLED' }), 'InvalidArgument');
  await refuses(notify('cam', { ...notification, Status: 'ON' }), 'InvalidArgument');
  await refuses(
    notify('cam', { ...notification, DestinationConfig: { Uri: 'no scheme' } }),
    'InvalidArgument',
  );
  // What the model takes and this server cannot deliver to.
  for (const Uri of ['arn:aws:sns:us-east-1:000000000000:topic', 'mailto:somebody']) {
    await refuses(notify('cam', { ...notification, DestinationConfig: { Uri } }), 'InvalidArgument');
  }
  for (const Uri of ['s3://bucket', 'https://example.org', 'file://..', 'file://../../etc']) {
    const DestinationConfig = { Uri, DestinationRegion: 'us-east-1' };
    await refuses(generate('cam', { DestinationConfig }), 'InvalidArgument');
  }
  await generate('cam');
  await generate('cam', { FormatConfig: { JPEGQuality: '100' } });
  for (const changes of [
    { SamplingInterval: 199 },
    { FormatConfig: { JPEGQuality: '0' } },
    { FormatConfig: { JPEGQuality: '101' } },
    { FormatConfig: { JPEGQuality: 'good' } },
    { Format: 'PNG', FormatConfig: { JPEGQuality: '80' } },
    { Format: 'WEBP' },
    { WidthPixels: 0 },
    { WidthPixels: 3841 },
    { HeightPixels: 2161 },
  ]) {
    await refuses(generate('cam', changes), 'InvalidArgument');
  }
});

test('edge configurations: retention, a second start, deletion', async (t) => {
  const { admin } = await start(t);
  await admin.call('CreateStream', { StreamName: 'empty' });
  await admin.call('CreateStream', { StreamName: 'cam', DataRetentionInHours: 1 });
  const begin = (StreamName: string) =>
    admin.call('StartEdgeConfigurationUpdate', { StreamName, EdgeConfig: edgeConfig() });
  const reference = { StreamName: 'cam' };
  await refuses(begin('empty'), 'NoDataRetention');
  await refuses(admin.call('DescribeEdgeConfiguration', reference), 'StreamEdgeConfigurationNotFound');
  await refuses(admin.call('DeleteEdgeConfiguration', reference), 'StreamEdgeConfigurationNotFound');
  await begin('cam');
  await refuses(begin('cam'), 'ResourceInUse');
  await admin.call('DeleteEdgeConfiguration', reference);
  await admin.call('DeleteEdgeConfiguration', reference);
  await refuses(begin('cam'), 'ResourceInUse');
  assert.equal((await admin.call('DescribeEdgeConfiguration', reference)).SyncStatus, 'DELETING');
});
