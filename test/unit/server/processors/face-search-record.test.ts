import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faceSearchRecord } from '../../../../server/processors/face-search-record.ts';
import { faceAt, frameAt, KNOWN_FACE, resultOf, STREAM_ARN } from './support.ts';

const options = { streamArn: STREAM_ARN, regions: [], match: () => [] };

test('the record of a frame: its fragment, its faces, and whom they are like', () => {
  const embedding = new Float32Array([1]);
  const asked: Float32Array[] = [];
  const match = (vector: Float32Array) => {
    asked.push(vector);
    return [{ face: KNOWN_FACE, similarity: 0.912345678 }];
  };
  const faces = [faceAt([0.2, 0.3, 0.1, 0.2], embedding), faceAt([0.8, 0.3, 0.02, 0.03])];
  const record = faceSearchRecord(resultOf(frameAt(3), { faces }), { ...options, match });
  const landmarks = [
    { Type: 'eyeLeft', X: 0.25, Y: 0.5 },
    { Type: 'eyeRight', X: 0.5, Y: 0.5 },
    { Type: 'nose', X: 0.375, Y: 0.6 },
  ];
  const detected = {
    Confidence: 97,
    Landmarks: landmarks,
    Pose: { Roll: 1, Yaw: -20, Pitch: 5 },
    Quality: { Brightness: 60, Sharpness: 40 },
  };
  assert.deepEqual(record, {
    InputInformation: {
      KinesisVideo: {
        StreamArn: STREAM_ARN,
        FragmentNumber: '9'.repeat(47),
        ServerTimestamp: 1_700_000_001.75,
        ProducerTimestamp: 1_700_000_001.5,
        FrameOffsetInSeconds: 1.5,
      },
    },
    StreamProcessorInformation: { Status: 'RUNNING' },
    FaceSearchResponse: [
      {
        DetectedFace: { BoundingBox: { Width: 0.1, Height: 0.2, Left: 0.2, Top: 0.3 }, ...detected },
        MatchedFaces: [
          {
            Similarity: 91.2346,
            Face: {
              FaceId: KNOWN_FACE.faceId,
              BoundingBox: { Width: 0.5, Height: 0.5, Left: 0.1, Top: 0.1 },
              ImageId: KNOWN_FACE.imageId,
              ExternalImageId: 'ada',
              Confidence: 99,
            },
          },
        ],
      },
      {
        DetectedFace: { BoundingBox: { Width: 0.02, Height: 0.03, Left: 0.8, Top: 0.3 }, ...detected },
        MatchedFaces: [],
      },
    ],
  });
  assert.deepEqual(asked, [embedding]);
});

test('a frame without faces, or with none in the regions, makes no record', () => {
  assert.equal(faceSearchRecord(resultOf(frameAt(0)), options), undefined);
  const regions = [{ box: [0, 0, 0.5, 0.5] as const }];
  const faces = [faceAt([0.6, 0.6, 0.2, 0.2]), faceAt([0.1, 0.1, 0.2, 0.2])];
  const record = faceSearchRecord(resultOf(frameAt(0), { faces }), { ...options, regions });
  assert.equal(record?.FaceSearchResponse.length, 1);
  assert.equal(
    faceSearchRecord(resultOf(frameAt(0), { faces: faces.slice(0, 1) }), { ...options, regions }),
    undefined,
  );
});
