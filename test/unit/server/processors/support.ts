import type { Box } from '../../../../ml/geometry/box.ts';
import type { WatchResult } from '../../../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';
import type { ObservedFace, TrackedObject } from '../../../../ml/watch/observed.ts';
import type { GalleryFace } from '../../../../server/faces/gallery.ts';
import type { NewProcessor } from '../../../../server/processors/stream-processors.ts';

/** Results of watches and processors, made up. */

export const STREAM_ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1700000000000';

/** A frame `seconds` after the beginning, in a fragment that began a second and a half before it. */
export function frameAt(seconds: number): FrameRef {
  return {
    fragmentNumber: '9'.repeat(47),
    offsetMs: 1500,
    producerMs: 1_700_000_000_000 + seconds * 1000,
    serverMs: 1_700_000_000_250 + seconds * 1000,
  };
}

export function resultOf(frame: FrameRef, more: Partial<WatchResult> = {}): WatchResult {
  return {
    frame,
    picture: { width: 640, height: 360 },
    skipped: undefined,
    model: { name: 'made-up', sha256: '00' },
    objects: [],
    faces: [],
    events: [],
    state: undefined,
    timings: { decodeMs: 0, inferMs: 0, totalMs: 0 },
    ...more,
  };
}

export function objectOf(label: string, score: number, box: Box = [0.1, 0.2, 0.3, 0.4]): TrackedObject {
  return {
    label,
    score,
    box,
    trackId: `${label}-1`,
    group: label,
    isConfirmed: true,
    trackConfidence: 1,
    enteredMs: 0,
    topScore: score,
  };
}

export function faceAt(box: Box, embedding?: Float32Array): ObservedFace {
  return {
    box,
    score: 0.97,
    landmarks: [
      { type: 'eyeLeft', at: [0.25, 0.5] },
      { type: 'eyeRight', at: [0.5, 0.5] },
      { type: 'nose', at: [0.375, 0.6] },
      { type: 'mouth', at: [0.375, 0.7] },
      { type: 'earLeft', at: [0.2, 0.5] },
    ],
    pose: { roll: 1, yaw: -20, pitch: 5 },
    quality: { brightness: 60, sharpness: 40 },
    trackId: undefined,
    embedding,
  };
}

export const KNOWN_FACE: GalleryFace = {
  faceId: '0196c2aa-0000-7000-8000-000000000001',
  person: 'ada',
  imageId: '0196c2aa-0000-8000-8000-000000000002',
  createdMs: 1,
  box: [0.1, 0.1, 0.5, 0.5],
  score: 0.99,
};

export function faceSearchProcessor(name = 'faces'): NewProcessor {
  return {
    name,
    stream: { name: 'door', createdMs: 1_700_000_000_000, arn: STREAM_ARN },
    dataStream: 'results',
    work: { type: 'face-search', collection: 'staff', matchThreshold: 80 },
    regions: [],
    told: { RoleArn: 'arn:aws:iam::000000000000:role/x', Output: {} },
    tags: {},
  };
}

export function labelProcessor(name = 'labels') {
  return {
    ...faceSearchProcessor(name),
    work: { type: 'labels' as const, labels: ['PERSON' as const, 'PET' as const], minConfidence: 50 },
    tags: { place: 'yard' },
  };
}
