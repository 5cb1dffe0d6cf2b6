import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import { FACE_DIMENSIONS, FACE_MODEL } from '../../ml/faces/face-model.ts';
import type { DetectionSupervisor } from '../../ml/supervisor/supervisor.ts';
import type { OpenFurtherEvents } from '../detection/further-events.ts';
import { FaceEnrollment, type FaceEnrollmentParts } from './enrollment.ts';
import { FaceWatch, type FaceWatchCounters, newFaceWatchCounters } from './face-watch.ts';
import { SqliteGalleries } from './sqlite-galleries.ts';

/** Galleries are looked through for faces whose time is over. */
const EXPIRE_INTERVAL_MS = 10 * 60_000;

export interface FacesOptions {
  readonly dataDir: string;
  readonly settings: { readonly maxFaces: number; readonly keyFile?: string };
  readonly supervisor: Pick<DetectionSupervisor, 'look'>;
  readonly streams: FaceEnrollmentParts['streams'];
  readonly images: FaceEnrollmentParts['images'];
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Faces on this server: whom it knows, and what it says of those whom it sees. */
export interface Faces {
  readonly galleries: SqliteGalleries;
  readonly enrollment: FaceEnrollment;
  readonly counters: FaceWatchCounters;
  /** For the watches of streams. */
  readonly eventsOf: OpenFurtherEvents;
  close(): void;
}

/** Throws what SqliteGalleries.open throws. */
export function openFaces({ dataDir, settings, clock, logger, ...parts }: FacesOptions): Faces {
  const model = { sha256: FACE_MODEL.sha256, dimensions: FACE_DIMENSIONS };
  const galleries = SqliteGalleries.open({ dataDir, ...settings, model });
  // Before anybody waits for a comparison.
  galleries.load();
  const counters = newFaceWatchCounters();
  const stop = repeat(clock, () => expire(galleries, clock.nowMs(), logger));
  return {
    galleries,
    enrollment: new FaceEnrollment({ galleries, ...parts }),
    counters,
    eventsOf: (watch, state) => new FaceWatch({ galleries, counters, logger }, watch, state),
    close() {
      stop();
      galleries.close();
    },
  };
}

/** Now, and then again and again. */
function repeat(clock: Clock, work: () => void): () => void {
  let cancel = () => {};
  const round = () => {
    work();
    cancel = clock.after(EXPIRE_INTERVAL_MS, round);
  };
  round();
  return () => cancel();
}

function expire(galleries: SqliteGalleries, nowMs: number, logger: FacesOptions['logger']): void {
  try {
    const faces = galleries.expire(nowMs);
    if (faces > 0) logger.info({ faces }, 'faces were deleted: their time was over');
  } catch (error) {
    logger.error({ err: error }, 'faces whose time is over could not be deleted; trying again');
  }
}
