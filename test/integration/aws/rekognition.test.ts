import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CompareFacesCommand,
  CreateCollectionCommand,
  DetectFacesCommand,
  DetectLabelsCommand,
  IndexFacesCommand,
  ListFacesCommand,
  SearchFacesByImageCommand,
  SearchFacesCommand,
} from '@aws-sdk/client-rekognition';
import { awsCliJson, runAwsCli } from './support/python-clients.ts';
import { frameOf, startRekognition } from './support/rekognition-rig.ts';
import { sdkClients } from './support/sdk-clients.ts';

/** Pictures, faces and collections, with the models that are built in: by the SDK and by the CLI. */

const CollectionId = 'crew';

test('pictures of the clips, through the SDK', async (t) => {
  const { server, rekognition } = await startRekognition(t);
  const yard = { Bytes: await frameOf('parking-360p-h264.mp4', 12) };
  const faces = { Bytes: await frameOf('faces-360p-h264.mp4', 2) };
  const later = { Bytes: await frameOf('faces-360p-h264.mp4', 6, 'png') };

  const { Labels, LabelModelVersion } = await rekognition.send(new DetectLabelsCommand({ Image: yard }));
  const names = Labels?.map(({ Name }) => Name) ?? [];
  for (const name of ['Person', 'Vehicle']) assert.ok(names.includes(name), `${names}`);
  assert.match(LabelModelVersion ?? '', /^centernet-[0-9a-f]{12}$/);
  for (const { Instances } of Labels ?? []) {
    for (const { BoundingBox: box } of Instances ?? []) {
      assert.ok((box?.Left ?? -1) >= 0 && (box?.Left ?? 0) + (box?.Width ?? 9) <= 1.001);
    }
  }
  const viewer = sdkClients(t, server, server.addKey([{ action: 'view', stream: 'door' }])).rekognition;
  const sure = await viewer.send(new DetectLabelsCommand({ Image: yard, MinConfidence: 99.9 }));
  assert.deepEqual(sure.Labels, []);
  const { FaceDetails } = await viewer.send(new DetectFacesCommand({ Image: faces, Attributes: ['ALL'] }));
  assert.equal(FaceDetails?.length, 3);
  assert.deepEqual(FaceDetails?.[0]?.Landmarks?.map(({ Type }) => Type).toSorted(), [
    'eyeLeft',
    'eyeRight',
    'nose',
  ]);

  await rekognition.send(new CreateCollectionCommand({ CollectionId }));
  const index = () =>
    rekognition.send(
      new IndexFacesCommand({ CollectionId, Image: faces, ExternalImageId: 'crew', MaxFaces: 2 }),
    );
  const { FaceRecords, UnindexedFaces } = await index();
  assert.deepEqual([FaceRecords?.length, UnindexedFaces?.length], [2, 1]);
  const again = await index();
  assert.deepEqual(again.FaceRecords, FaceRecords);
  const [first, second] = FaceRecords?.map(({ Face }) => Face) ?? [];
  const { Faces } = await rekognition.send(new ListFacesCommand({ CollectionId }));
  assert.deepEqual(Faces?.map(({ FaceId }) => FaceId).toSorted(), [first?.FaceId, second?.FaceId].toSorted());
  // The same people four seconds later; one of them is not the other.
  const found = await rekognition.send(new SearchFacesByImageCommand({ CollectionId, Image: later }));
  assert.equal(found.FaceMatches?.[0]?.Face?.ExternalImageId, 'crew');
  const other = await rekognition.send(new SearchFacesCommand({ CollectionId, FaceId: first?.FaceId }));
  assert.deepEqual(other.FaceMatches, []);
  const compared = await rekognition.send(
    new CompareFacesCommand({ SourceImage: faces, TargetImage: later }),
  );
  assert.equal(compared.FaceMatches?.length, 1);
  assert.equal(compared.UnmatchedFaces?.length, 2);

  // Half a picture is none.
  const half = { Bytes: faces.Bytes.subarray(0, 300) };
  await assert.rejects(rekognition.send(new DetectLabelsCommand({ Image: half })), {
    name: 'InvalidImageFormatException',
  });
  assert.deepEqual(server.errorLines(), []);

  // The CLI as Debian has it.
  const folder = mkdtempSync(join(tmpdir(), 'framelog-rekognition-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'yard.jpg');
  writeFileSync(path, yard.Bytes);
  const cli = (args: readonly string[]) => awsCliJson(server, ['rekognition', ...args]);
  const byCli = (await cli(['detect-labels', '--image-bytes', `fileb://${path}`])) as { Labels: object[] };
  assert.deepEqual(byCli.Labels, JSON.parse(JSON.stringify(Labels)));
  const described = (await cli(['describe-collection', '--collection-id', CollectionId])) as {
    FaceCount: number;
  };
  assert.equal(described.FaceCount, 2);
  const { code, stderr } = await runAwsCli(server, ['rekognition', 'list-faces', '--collection-id', 'cast']);
  assert.equal(code, 254);
  assert.match(stderr, /ResourceNotFoundException.*ListFaces.*cast does not exist/);
});
