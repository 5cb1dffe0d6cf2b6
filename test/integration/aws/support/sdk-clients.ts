import type { TestContext } from 'node:test';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { KinesisVideoClient } from '@aws-sdk/client-kinesis-video';
import { KinesisVideoArchivedMediaClient } from '@aws-sdk/client-kinesis-video-archived-media';
import { KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media';
import { KinesisVideoSignalingClient } from '@aws-sdk/client-kinesis-video-signaling';
import { RekognitionClient } from '@aws-sdk/client-rekognition';
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
    // Speaks HTTP/2, also without TLS.
    kinesis: new KinesisClient(settings),
    video: new KinesisVideoClient(settings),
    media: new KinesisVideoMediaClient(settings),
    archived: new KinesisVideoArchivedMediaClient(settings),
    signaling: new KinesisVideoSignalingClient(settings),
    rekognition: new RekognitionClient(settings),
  };
  t.after(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  return clients;
}
