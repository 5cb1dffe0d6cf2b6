import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import {
  destinationProblem,
  imageDestinationOf,
  notificationDestinationOf,
} from '../../../../server/notify/destinations.ts';
import { wishesOf } from '../../../../server/notify/fragment-tags.ts';
import { imageName } from '../../../../server/notify/image-store.ts';

const S3 = { endpoint: 'https://store', region: 'x', accessKeyId: 'id', secretAccessKey: 'secret' };
const ROOT = resolve('/srv/images');

test('notifications go to http: and https: URLs, and to data streams of this server', () => {
  assert.deepEqual(notificationDestinationOf('https://host/path', {}), {
    type: 'webhook',
    url: new URL('https://host/path'),
  });
  const ours = 'arn:aws:kinesis:us-east-1:000000000000:stream/events';
  const dataStreamOf = (arn: string) => (arn === ours ? 'events' : undefined);
  assert.deepEqual(notificationDestinationOf(ours, { dataStreamOf }), {
    type: 'data-stream',
    name: 'events',
  });
  assert.notEqual(
    destinationProblem('notification', ours.replace('east', 'west'), { dataStreamOf }),
    undefined,
  );
  for (const uri of [
    'arn:aws:sns:x:1:t',
    'ftp://host/',
    'javascript:alert(1)',
    'host',
    'http://a%zz:b@host/',
  ]) {
    assert.notEqual(destinationProblem('notification', uri, {}), undefined, uri);
  }
});

test('folders lie below the one that the operator names', () => {
  const settings = { imageDirectory: ROOT };
  assert.deepEqual(imageDestinationOf('file://a/b', settings), {
    type: 'folder',
    path: join(ROOT, 'a', 'b'),
  });
  assert.deepEqual(imageDestinationOf('file://.', settings), { type: 'folder', path: ROOT });
  for (const uri of ['file://../x', 'file://a/../../x', 'file:///etc', 'file://a\0b', 'file://../images2']) {
    assert.notEqual(destinationProblem('imageGeneration', uri, settings), undefined, uri);
  }
  assert.match(destinationProblem('imageGeneration', 'file://a', {}) ?? '', /notify\.imageDirectory/);
});

test('buckets have names, and a store', () => {
  const destination = imageDestinationOf('s3://pictures/a//b/', { s3: S3 });
  assert.deepEqual(destination, { type: 'bucket', bucket: 'pictures', prefix: 'a/b', access: S3 });
  for (const uri of ['s3://UPPER', 's3://x', 's3://a_b', 's3://']) {
    assert.notEqual(destinationProblem('imageGeneration', uri, { s3: S3 }), undefined, uri);
  }
});

test('tags say what is wished, and carry pairs of the producer', () => {
  assert.equal(wishesOf([{ name: 'door', value: 'front' }]), undefined);
  const wishes = wishesOf([
    { name: 'AWS_KINESISVIDEO_NOTIFICATION', value: '' },
    { name: 'AWS_KINESISVIDEO_IMAGE_PREFIX', value: 'x'.repeat(257) },
    { name: 'AWS_OTHER', value: 'reserved' },
    { name: 'door', value: 'front' },
  ]);
  assert.deepEqual(wishes, {
    notification: true,
    images: false,
    imagePrefix: undefined,
    custom: new Map([['door', 'front']]),
  });
});

test('image names are those of the service', () => {
  const parts = {
    accountId: '000000000000',
    stream: 'gate',
    frameMs: 1700000000123.4,
    uuid: 'u',
    extension: 'jpg',
  } as const;
  assert.equal(imageName({ ...parts, prefix: undefined }), '000000000000_gate_1700000000123_u.jpg');
  assert.equal(imageName({ ...parts, prefix: 'p/q' }), 'p/q_000000000000_gate_1700000000123_u.jpg');
});
