import type { WatchSettings } from '../../ml/watch/watch-settings.ts';
import type { FaceSearchWork, LabelWork } from '../catalog/processor-catalog.ts';
import { classesOf, labelsOf } from './object-classes.ts';

/**
 * How a processor looks at a stream: as often, with the model and at the size that the stream's own watch is set to, also where
 * that one is off. Rules and updates are not its own: nobody is told of its events.
 */
function base(own: WatchSettings): WatchSettings {
  return {
    ...own,
    tier: own.tier === 'off' ? 'keyframes' : own.tier,
    zones: [],
    lines: [],
    updateSeconds: 0,
  };
}

/** Faces of the people in the picture. The stream's consent is the caller's to ask for. */
export function faceSearchSettings(own: WatchSettings, work: FaceSearchWork): WatchSettings {
  return {
    ...base(own),
    labels: ['person'],
    faces: { ...own.faces, gallery: work.collection, everyFrame: true },
  };
}

/** The asked-for objects in every frame: a session is short, and the first sight is what counts. */
export function labelSettings(own: WatchSettings, work: LabelWork): WatchSettings {
  const { minConfidence } = work;
  return {
    ...base(own),
    labels: labelsOf(classesOf(work)),
    minScore: minConfidence === undefined ? own.minScore : minConfidence / 100,
    motionGate: false,
    confirmHits: 1,
    faces: { ...own.faces, consent: false },
  };
}

/** Similarity from which a face counts as found, 0 to 1. */
export function minSimilarityOf(own: WatchSettings, { matchThreshold }: FaceSearchWork): number {
  return matchThreshold === undefined ? own.faces.minSimilarity : matchThreshold / 100;
}
