import type { Registry } from 'prom-client';
import type { FaceWatchCounters } from '../faces/face-watch.ts';
import type { GalleryCounters } from '../faces/sqlite-galleries.ts';
import { Instruments } from './instruments.ts';

/** What is read of faces when metrics are scraped. */
export interface FaceSource {
  readonly galleries: { readonly counters: GalleryCounters; readonly size: number };
  readonly counters: FaceWatchCounters;
}

/** Puts the metrics of galleries and of faces that were compared into the server's registry. */
export function createFaceMetrics(registry: Registry, { galleries, counters }: FaceSource): void {
  const to = new Instruments(registry);
  to.level('framelog_faces', 'Faces in all galleries.', () => galleries.size);
  to.count(
    'framelog_face_comparisons_total',
    'Faces that were compared with a gallery, for events, searches and stream processors.',
    () => galleries.counters.matches,
  );
  to.countBy(
    'framelog_face_events_total',
    'Persons of whom an event said that they are known or unknown.',
    'result',
    () => ({ known: counters.known, unknown: counters.unknown }),
  );
  to.count(
    'framelog_face_failures_total',
    'Faces of cameras that could not be compared: there is no such gallery, or it could not be read.',
    () => counters.failed,
  );
  to.count(
    'framelog_faces_unreadable_total',
    'Times that a stored face was not what was stored: damaged, or put in the place of another.',
    () => galleries.counters.unreadable,
  );
}
