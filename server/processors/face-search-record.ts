import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { ProcessorRegion } from '../catalog/processor-catalog.ts';
import type { FaceMatch } from '../faces/gallery.ts';
import { faceDetailOf, faceMatchOf } from './face-forms.ts';
import { isInRegions } from './regions.ts';

export interface FaceSearchOptions {
  readonly streamArn: string;
  readonly regions: readonly ProcessorRegion[];
  readonly match: (embedding: Float32Array) => readonly FaceMatch[];
}

/** The record of a frame in which faces were found (kvs.md §10); `undefined` for one without. */
export function faceSearchRecord(result: WatchResult, options: FaceSearchOptions) {
  const { frame, faces } = result;
  const counted = faces.filter(({ box }) => isInRegions(box, options.regions));
  if (counted.length === 0) return undefined;
  return {
    InputInformation: {
      KinesisVideo: {
        StreamArn: options.streamArn,
        FragmentNumber: frame.fragmentNumber,
        // Times of the fragment; the frame is told by its offset.
        ServerTimestamp: (frame.serverMs - frame.offsetMs) / 1000,
        ProducerTimestamp: (frame.producerMs - frame.offsetMs) / 1000,
        FrameOffsetInSeconds: frame.offsetMs / 1000,
      },
    },
    StreamProcessorInformation: { Status: 'RUNNING' },
    FaceSearchResponse: counted.map((face) => ({
      DetectedFace: faceDetailOf(face),
      MatchedFaces: face.embedding === undefined ? [] : options.match(face.embedding).map(faceMatchOf),
    })),
  };
}
