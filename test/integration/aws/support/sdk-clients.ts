import type { TestContext } from 'node:test';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { KinesisVideoClient } from '@aws-sdk/client-kinesis-video';
import { KinesisVideoArchivedMediaClient } from '@aws-sdk/client-kinesis-video-archived-media';
import { KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media';
import { KinesisVideoSignalingClient } from '@aws-sdk/client-kinesis-video-signaling';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsTestServer, TestKey } from './aws-server.ts';

/** Clients of the official SDK, which sign for real and try once only. */
export function sdkClients(t: TestContext, server: AwsTestServer, key: TestKey = server.admin) {
  const settings = {
    endpoint: server.endpoint,
    region: server.region,
    credentials: { accessKeyId: key.id, secretAccessKey: key.secret },
    maxAttempts: 1,
  };
  const clients = {
    kinesis: new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() }),
    video: new KinesisVideoClient(settings),
    media: new KinesisVideoMediaClient(settings),
    archived: new KinesisVideoArchivedMediaClient(settings),
    signaling: new KinesisVideoSignalingClient(settings),
  };
  t.after(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  return clients;
}
