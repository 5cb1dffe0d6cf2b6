import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CompareFacesCommand,
  CreateCollectionCommand,
  DetectFacesCommand,
  DetectLabelsCommand,
  ListCollectionsCommand,
} from '@aws-sdk/client-rekognition';
import { WatchError, type WatchErrorCode } from '../../../../../ml/supervisor/supervisor.ts';
import { personFace, picture, startRekognition } from './rig.ts';

const object = (label: string, score: number) => ({ label, score, box: [0.1, 0.2, 0.3, 0.4] as const });

test('labels: one of each kind with its objects, and what it is a kind of', async (t) => {
  const { client, scenes, questions } = await startRekognition(t);
  scenes.set('street', {
    objects: [
      object('person', 0.8),
      object('car', 0.5),
      object('car', 0.6),
      object('dog', 0.4),
      object('wheelie bin', 0.3),
    ],
  });
  const detect = (more: object = {}) =>
    client.send(new DetectLabelsCommand({ Image: { Bytes: picture('street') }, ...more }));
  const { Labels, LabelModelVersion } = await detect();
  assert.equal(LabelModelVersion, 'centernet-abcdef012345');
  assert.deepEqual(
    Labels?.map(({ Name, Confidence, Instances }) => [Name, Confidence, Instances?.length]),
    [
      ['Person', 80, 1],
      ['Car', 60, 2],
      ['Transportation', 60, 0],
      ['Vehicle', 60, 0],
      ['Dog', 40, 1],
      ['Animal', 40, 0],
      ['Mammal', 40, 0],
      ['Canine', 40, 0],
      ['Pet', 40, 0],
      ['Wheelie Bin', 30, 1],
    ],
  );
  const car = Labels?.find(({ Name }) => Name === 'Car');
  assert.deepEqual(car?.Parents, [{ Name: 'Transportation' }, { Name: 'Vehicle' }]);
  assert.deepEqual(car?.Categories, [{ Name: 'Vehicles and Automotive' }]);
  assert.deepEqual(car?.Instances?.[0], {
    BoundingBox: { Left: 0.1, Top: 0.2, Width: 0.3, Height: 0.4 },
    Confidence: 60,
  });
  assert.deepEqual(questions.at(-1)?.model, 'centernet');
  assert.equal(questions.at(-1)?.minScore, undefined);
  await detect({ MinConfidence: 35 });
  assert.equal(questions.at(-1)?.minScore, 0.35);

  const names = async (GeneralLabels: object, more: object = {}) =>
    (await detect({ Settings: { GeneralLabels }, ...more })).Labels?.map(({ Name }) => Name);
  assert.deepEqual(await names({}, { MaxLabels: 2 }), ['Person', 'Car']);
  assert.deepEqual(await names({ LabelInclusionFilters: ['Dog', 'Cat'] }), ['Dog']);
  assert.deepEqual(await names({ LabelCategoryInclusionFilters: ['Vehicles and Automotive'] }), [
    'Car',
    'Transportation',
    'Vehicle',
  ]);
  assert.deepEqual(
    await names({
      LabelCategoryExclusionFilters: ['Animals and Pets', 'Vehicles and Automotive'],
      LabelExclusionFilters: ['Wheelie Bin'],
    }),
    ['Person'],
  );
  await assert.rejects(detect({ Features: ['GENERAL_LABELS', 'IMAGE_PROPERTIES'] }), {
    name: 'InvalidParameterException',
  });
  assert.deepEqual((await detect({ Features: ['GENERAL_LABELS'] })).Labels, Labels);
});

test('faces of a picture: the largest first, and only what is known of them', async (t) => {
  const { client, scenes, questions } = await startRekognition(t);
  scenes.set('two', { faces: [personFace(undefined, 0.1), personFace(undefined, 0.3)] });
  const { FaceDetails } = await client.send(
    new DetectFacesCommand({ Image: { Bytes: picture('two') }, Attributes: ['ALL'] }),
  );
  assert.deepEqual(
    FaceDetails?.map(({ BoundingBox }) => BoundingBox?.Width),
    [0.3, 0.1],
  );
  assert.deepEqual(FaceDetails?.[0], {
    BoundingBox: { Left: 0.1, Top: 0.1, Width: 0.3, Height: 0.3 },
    Confidence: 90,
    Landmarks: [{ Type: 'nose', X: 0.2, Y: 0.2 }],
    Pose: { Roll: 0, Yaw: 10, Pitch: 0 },
    Quality: { Brightness: 50, Sharpness: 30 },
  });
  // Nobody is told apart.
  assert.equal(questions.at(-1)?.faces?.maxEmbeddings, 0);
});

test('two pictures compared', async (t) => {
  const { client, scenes } = await startRekognition(t);
  scenes.set('source', { faces: [personFace([1, 0, 0, 0], 0.3), personFace([0, 1, 0, 0], 0.1)] });
  scenes.set('target', {
    faces: [
      personFace([0.6, 0.8, 0, 0], 0.3),
      personFace([0.96, 0.28, 0, 0], 0.2),
      personFace(undefined, 0.01),
    ],
  });
  scenes.set('nobody', {});
  const compare = (source: string, target: string, more: object = {}) =>
    client.send(
      new CompareFacesCommand({
        SourceImage: { Bytes: picture(source) },
        TargetImage: { Bytes: picture(target) },
        ...more,
      }),
    );
  const { SourceImageFace, FaceMatches, UnmatchedFaces } = await compare('source', 'target');
  assert.equal(SourceImageFace?.BoundingBox?.Width, 0.3);
  assert.deepEqual(
    FaceMatches?.map(({ Similarity }) => Similarity),
    [96],
  );
  assert.deepEqual(
    UnmatchedFaces?.map(({ BoundingBox }) => BoundingBox?.Width),
    [0.3, 0.01],
  );
  const all = await compare('source', 'target', { SimilarityThreshold: 0 });
  assert.deepEqual(
    all.FaceMatches?.map(({ Similarity }) => Similarity),
    [96, 60, 0],
  );
  for (const [source, target] of [
    ['nobody', 'target'],
    ['source', 'nobody'],
  ] as const) {
    await assert.rejects(compare(source, target), { name: 'InvalidParameterException', message: /no face/ });
  }
});

test('what is no picture, and what comes of looking at one', async (t) => {
  const { client, scenes, questions } = await startRekognition(t);
  const detect = (Image: object) => client.send(new DetectLabelsCommand({ Image }));
  for (const [image, name] of [
    [{}, 'InvalidParameterException'],
    [{ Bytes: picture('x'), S3Object: { Bucket: 'abc', Name: 'b' } }, 'InvalidParameterException'],
    [{ S3Object: { Bucket: 'abc', Name: 'b' } }, 'InvalidS3ObjectException'],
    [{ Bytes: Buffer.from('GIF89a') }, 'InvalidImageFormatException'],
    [{ Bytes: Buffer.from([0xff]) }, 'InvalidImageFormatException'],
    [{ Bytes: Buffer.alloc(5_242_881, 0xff) }, 'ValidationException'],
  ] as const) {
    await assert.rejects(detect(image), { name });
  }
  assert.equal(questions.length, 0);
  const codes: Readonly<Record<WatchErrorCode, readonly [name: string, status: number]>> = {
    'bad-media': ['InvalidImageFormatException', 400],
    'too-large': ['ImageTooLargeException', 400],
    busy: ['ProvisionedThroughputExceededException', 400],
    timeout: ['InternalServerError', 500],
    crashed: ['InternalServerError', 500],
    'no-model': ['InternalServerError', 500],
    unavailable: ['InternalServerError', 500],
    closed: ['InternalServerError', 500],
  };
  for (const [code, [name, status]] of Object.entries(codes)) {
    scenes.set(code, { error: new WatchError(code as WatchErrorCode, 'said so') });
    await assert.rejects(
      detect({ Bytes: picture(code) }),
      (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
        assert.deepEqual([error.name, error.$metadata?.httpStatusCode], [name, status], code);
        assert.match(error.message, /said so/);
        return true;
      },
    );
  }
});

test('who may: pictures are looked at for whoever may view a stream, faces are for admins', async (t) => {
  const { client, state } = await startRekognition(t);
  const Image = { Bytes: picture('x') };
  const labels = () => client.send(new DetectLabelsCommand({ Image }));
  const denied = { name: 'AccessDeniedException' };
  state.rights = (wish) => wish.action === 'view' && wish.stream === 'door';
  await labels();
  await client.send(new DetectFacesCommand({ Image }));
  await assert.rejects(client.send(new ListCollectionsCommand({})), denied);
  await assert.rejects(client.send(new CreateCollectionCommand({ CollectionId: 'a' })), denied);
  await assert.rejects(
    client.send(new CompareFacesCommand({ SourceImage: Image, TargetImage: Image })),
    denied,
  );
  state.rights = (wish) => wish.action === 'publish';
  await assert.rejects(labels(), denied);
  state.rights = ({ action }) => action === 'admin';
  await labels();
});
