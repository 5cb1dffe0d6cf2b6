import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edgeFailure, edgeStatusAt } from '../../../../../server/aws/kinesis-video/edge-status.ts';
import type { EdgeConfiguration } from '../../../../../server/catalog/configuration-catalog.ts';

const MINUTES_15 = 900_000;
const configuration: EdgeConfiguration = {
  config: {
    HubDeviceArn: 'hub',
    RecorderConfig: { MediaSourceConfig: { MediaUriSecretArn: 'secret', MediaUriType: 'RTSP_URI' } },
  },
  createdMs: 0,
  updatedMs: 1000,
  wish: 'sync',
};

test('a configuration waits 15 minutes for the device, then it has failed', () => {
  assert.equal(edgeStatusAt(configuration, 1000), 'SYNCING');
  assert.equal(edgeStatusAt(configuration, 1000 + MINUTES_15 - 1), 'SYNCING');
  assert.equal(edgeStatusAt(configuration, 1000 + MINUTES_15), 'SYNC_FAILED');
});

test('so does its deletion', () => {
  const deleted: EdgeConfiguration = { ...configuration, wish: 'delete' };
  assert.equal(edgeStatusAt(deleted, 1000 + MINUTES_15 - 1), 'DELETING');
  assert.equal(edgeStatusAt(deleted, 1000 + MINUTES_15), 'DELETE_FAILED');
});

test('failures are explained', () => {
  assert.match(edgeFailure('SYNC_FAILED') ?? '', /15 minutes/);
  assert.match(edgeFailure('DELETE_FAILED') ?? '', /15 minutes/);
  assert.equal(edgeFailure('SYNCING'), undefined);
  assert.equal(edgeFailure('DELETING'), undefined);
});
