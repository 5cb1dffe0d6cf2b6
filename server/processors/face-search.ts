import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { FaceSearchWork, ProcessorRecord } from '../catalog/processor-catalog.ts';
import type { AttachedWatch, DetectionService } from '../detection/detection-service.ts';
import { type Galleries, GalleryError } from '../faces/gallery.ts';
import { faceSearchRecord } from './face-search-record.ts';
import { faceSearchSettings, minSimilarityOf } from './watch-settings.ts';

/** Faces of a collection that one face in the video is compared to in a record, the most alike first. */
const MAX_MATCHES = 5;

export interface FaceSearchParts {
  readonly detection: Pick<DetectionService, 'attach' | 'settingsOf'>;
  readonly galleries: Pick<Galleries, 'match'>;
}

export interface FaceSearchRun {
  readonly processor: ProcessorRecord & { readonly work: FaceSearchWork };
  /** Name of the watch. */
  readonly watch: string;
  readonly onRecord: (record: object) => void;
  /** Why it must not go on, asked with every frame; `undefined` while it may. */
  readonly problem: () => string | undefined;
  /** It does not go on, and why. */
  readonly onGivenUp: (reason: string) => void;
}

/** Looks for faces on a stream, live, until it is stopped: a record of every frame in which some are found. */
export function runFaceSearch(parts: FaceSearchParts, run: FaceSearchRun): AttachedWatch {
  const { detection, galleries } = parts;
  const { stream, regions, work } = run.processor;
  const own = detection.settingsOf(stream.name);
  const match = (embedding: Float32Array) =>
    galleries.match(work.collection, embedding, {
      minSimilarity: minSimilarityOf(own, work),
      limit: MAX_MATCHES,
    });
  return detection.attach({
    stream: stream.name,
    watch: run.watch,
    settings: faceSearchSettings(own, work),
    storesEvents: false,
    onResult: (result: WatchResult) => {
      const problem = run.problem();
      if (problem !== undefined) {
        run.onGivenUp(problem);
        return;
      }
      try {
        const record = faceSearchRecord(result, { streamArn: stream.arn, regions, match });
        if (record !== undefined) run.onRecord(record);
      } catch (error) {
        if (!(error instanceof GalleryError)) throw error;
        run.onGivenUp(error.message);
      }
    },
  });
}
