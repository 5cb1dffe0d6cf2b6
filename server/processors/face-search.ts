import type { WatchResult } from '../../ml/watch/watch-result.ts';
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
  /** It cannot go on, and why. */
  readonly onGivenUp: (reason: string) => void;
}

/** For who starts a search on a stream where nobody has consented, and for one that runs when consent is taken back. */
export function noConsent(stream: string): string {
  return (
    `Faces are not looked for on ${stream}: whoever may decide so sets faces.consent in the detection settings of the stream ` +
    `(PATCH /api/streams/${stream}/detection).`
  );
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
      if (!detection.settingsOf(stream.name).faces.consent) {
        run.onGivenUp(noConsent(stream.name));
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
