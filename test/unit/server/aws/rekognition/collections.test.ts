import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  DeleteFacesCommand,
  DescribeCollectionCommand,
  IndexFacesCommand,
  ListCollectionsCommand,
  ListFacesCommand,
  ListTagsForResourceCommand,
  SearchFacesByImageCommand,
  SearchFacesCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-rekognition';
import { personFace, picture, startRekognition } from './rig.ts';

const CollectionId = 'staff';
const ARN = 'aws:rekognition:us-east-1:000000000000:collection/staff';
const ADA = [1, 0, 0, 0];
const BOB = [0, 1, 0, 0];
/** Likeness with Ada: 0.8, with Bob: 0.6. */
const BETWEEN = [0.8, 0.6, 0, 0];

test('collections: made, described, listed by pages, deleted', async (t) => {
  const { client } = await startRekognition(t);
  const made = await client.send(new CreateCollectionCommand({ CollectionId, Tags: { a: 'b' } }));
  assert.deepEqual([made.StatusCode, made.CollectionArn, made.FaceModelVersion], [200, ARN, '1.0']);
  await assert.rejects(client.send(new CreateCollectionCommand({ CollectionId })), {
    name: 'ResourceAlreadyExistsException',
  });
  const described = await client.send(new DescribeCollectionCommand({ CollectionId }));
  assert.equal(described.CollectionARN, `arn:${ARN}`);
  assert.equal(described.FaceCount, 0);
  assert.ok(Math.abs(Date.now() - (described.CreationTimestamp?.getTime() ?? 0)) < 60_000);
  const longest = 'z'.repeat(255);
  for (const name of ['b', longest, 'A'])
    await client.send(new CreateCollectionCommand({ CollectionId: name }));
  const pages: (string[] | undefined)[] = [];
  for (let NextToken: string | undefined; ; ) {
    const page = await client.send(new ListCollectionsCommand({ MaxResults: 2, NextToken }));
    pages.push(page.CollectionIds);
    assert.equal(page.FaceModelVersions?.length, page.CollectionIds?.length);
    // What is deleted meanwhile does not end the list.
    if (page.NextToken === 'b') await client.send(new DeleteCollectionCommand({ CollectionId: 'b' }));
    NextToken = page.NextToken;
    if (NextToken === undefined) break;
  }
  assert.deepEqual(pages, [
    ['A', 'b'],
    ['staff', longest],
  ]);
  const all = await client.send(new ListCollectionsCommand({}));
  assert.deepEqual(all.CollectionIds, ['A', 'staff', longest]);
  assert.equal((await client.send(new DeleteCollectionCommand({ CollectionId }))).StatusCode, 200);
  for (const command of [
    new DescribeCollectionCommand({ CollectionId }),
    new DeleteCollectionCommand({ CollectionId }),
    new ListFacesCommand({ CollectionId }),
    new IndexFacesCommand({ CollectionId, Image: { Bytes: picture('x') } }),
  ]) {
    await assert.rejects(client.send(command as ListFacesCommand), { name: 'ResourceNotFoundException' });
  }
  await assert.rejects(client.send(new ListCollectionsCommand({ NextToken: 'a b' })), {
    name: 'InvalidPaginationTokenException',
  });
});

test('faces: indexed once, listed, found by face and by picture, deleted', async (t) => {
  const { client, scenes, questions } = await startRekognition(t);
  await client.send(new CreateCollectionCommand({ CollectionId }));
  scenes.set('ada', { faces: [personFace(ADA, 0.3), personFace(undefined, 0.05), personFace(BOB, 0.2)] });
  const index = (name: string, more: object = {}) =>
    client.send(new IndexFacesCommand({ CollectionId, Image: { Bytes: picture(name) }, ...more }));
  const first = await index('ada', { ExternalImageId: 'ada', MaxFaces: 1 });
  assert.equal(first.FaceRecords?.length, 1);
  const [record] = first.FaceRecords ?? [];
  assert.equal(record?.Face?.ExternalImageId, 'ada');
  assert.equal(record?.Face?.Confidence, 90);
  assert.deepEqual(record?.Face?.BoundingBox, { Width: 0.3, Height: 0.3, Left: 0.1, Top: 0.1 });
  assert.deepEqual(record?.FaceDetail?.Pose, { Roll: 0, Yaw: 10, Pitch: 0 });
  assert.equal(record?.FaceDetail?.AgeRange, undefined);
  assert.deepEqual(
    first.UnindexedFaces?.map(({ Reasons }) => Reasons),
    [['EXCEEDS_MAX_FACES'], ['SMALL_BOUNDING_BOX']],
  );
  assert.deepEqual(questions.at(-1)?.faces, { minPixels: 50, maxEmbeddings: 1 });
  // The same picture once more, and the same with another name.
  const again = await index('ada', { ExternalImageId: 'ada', MaxFaces: 1 });
  assert.deepEqual(again.FaceRecords?.[0]?.Face, record?.Face);
  const other = await index('ada', { ExternalImageId: 'lovelace', MaxFaces: 1 });
  assert.notEqual(other.FaceRecords?.[0]?.Face?.FaceId, record?.Face?.FaceId);
  assert.equal(other.FaceRecords?.[0]?.Face?.ImageId, record?.Face?.ImageId);
  scenes.set('bob', { faces: [personFace(BOB)] });
  await index('bob', { ExternalImageId: 'bob', QualityFilter: 'NONE' });
  assert.deepEqual(questions.at(-1)?.faces, { minPixels: 16, maxEmbeddings: 100 });

  const page = await client.send(new ListFacesCommand({ CollectionId, MaxResults: 2 }));
  const rest = await client.send(new ListFacesCommand({ CollectionId, NextToken: page.NextToken }));
  const faces = [...(page.Faces ?? []), ...(rest.Faces ?? [])];
  assert.deepEqual(
    faces.map(({ ExternalImageId }) => ExternalImageId),
    ['ada', 'lovelace', 'bob'],
  );
  assert.equal(rest.NextToken, undefined);
  const [ada = '', lovelace = '', bob = ''] = faces.map(({ FaceId }) => FaceId);
  const chosen = await client.send(new ListFacesCommand({ CollectionId, FaceIds: [bob] }));
  assert.deepEqual(
    chosen.Faces?.map(({ ExternalImageId }) => ExternalImageId),
    ['bob'],
  );
  await assert.rejects(client.send(new ListFacesCommand({ CollectionId, UserId: 'u' })), {
    name: 'ResourceNotFoundException',
  });

  const near = await client.send(new SearchFacesCommand({ CollectionId, FaceId: ada }));
  assert.deepEqual(
    near.FaceMatches?.map(({ Similarity, Face }) => [Similarity, Face?.FaceId]),
    [[100, lovelace]],
  );
  scenes.set('between', { faces: [personFace(BETWEEN)] });
  const search = (more: object) =>
    client.send(
      new SearchFacesByImageCommand({ CollectionId, Image: { Bytes: picture('between') }, ...more }),
    );
  const found = await search({ FaceMatchThreshold: 50, MaxFaces: 3 });
  assert.deepEqual(
    found.FaceMatches?.map(({ Similarity, Face }) => [Math.round(Similarity ?? 0), Face?.ExternalImageId]),
    [
      [80, 'ada'],
      [80, 'lovelace'],
      [60, 'bob'],
    ],
  );
  assert.equal(found.SearchedFaceConfidence, 90);
  assert.deepEqual(questions.at(-1)?.faces, { minPixels: 16, maxEmbeddings: 1 });
  assert.equal((await search({ FaceMatchThreshold: 90 })).FaceMatches?.length, 0);
  scenes.set('nobody', {});
  await assert.rejects(
    client.send(new SearchFacesByImageCommand({ CollectionId, Image: { Bytes: picture('nobody') } })),
    { name: 'InvalidParameterException', message: /There are no faces in the image/ },
  );

  const gone = '00000000-0000-0000-0000-000000000000';
  const deleted = await client.send(new DeleteFacesCommand({ CollectionId, FaceIds: [ada, gone, ada] }));
  assert.deepEqual(deleted.DeletedFaces, [ada]);
  assert.deepEqual(deleted.UnsuccessfulFaceDeletions, [{ FaceId: gone, Reasons: ['FACE_NOT_FOUND'] }]);
  await assert.rejects(client.send(new SearchFacesCommand({ CollectionId, FaceId: ada })), {
    name: 'InvalidParameterException',
  });
  assert.equal((await client.send(new DescribeCollectionCommand({ CollectionId }))).FaceCount, 2);
});

test('tags of collections, by either form of the ARN', async (t) => {
  const { client } = await startRekognition(t);
  await client.send(new CreateCollectionCommand({ CollectionId, Tags: { a: '1' } }));
  await client.send(new TagResourceCommand({ ResourceArn: ARN, Tags: { b: '2', c: '3' } }));
  await client.send(new UntagResourceCommand({ ResourceArn: `arn:${ARN}`, TagKeys: ['a', 'x'] }));
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn: `arn:${ARN}` }));
  assert.deepEqual(Tags, { b: '2', c: '3' });
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`t${index}`, 'x']));
  await assert.rejects(client.send(new TagResourceCommand({ ResourceArn: ARN, Tags: many })), {
    name: 'ServiceQuotaExceededException',
  });
  for (const [ResourceArn, name] of [
    [`${ARN}-2`, 'ResourceNotFoundException'],
    ['arn:aws:rekognition:us-east-1:111111111111:collection/staff', 'ResourceNotFoundException'],
    ['arn:aws:rekognition:us-east-1:000000000000:streamprocessor/none', 'ResourceNotFoundException'],
    ['arn:aws:rekognition:us-east-1:000000000000:project/a', 'InvalidParameterException'],
    ['arn:aws:kinesis:us-east-1:000000000000:stream/a', 'InvalidParameterException'],
  ] as const) {
    await assert.rejects(client.send(new ListTagsForResourceCommand({ ResourceArn })), { name }, ResourceArn);
  }
});
