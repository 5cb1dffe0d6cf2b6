import type { Detection } from '../../../ml/detect/detection.ts';
import { intersectionOverUnion } from '../../../ml/geometry/box.ts';
import type { LabelGroups } from '../../../ml/track/label-groups.ts';
import { groupOf } from '../../../ml/track/label-groups.ts';
import type { Labelled } from './clear-mot.ts';

/**
 * What a tracker must be better than: the box of the last frame in which the object was seen, the best IoU first, one label group
 * at a time, forgotten after the same time as in ours.
 */
export class PlainIouTracker {
  readonly #settings: {
    readonly minScore: number;
    readonly timeoutSeconds: number;
    readonly groups: LabelGroups;
  };
  #tracks: { id: string; group: string; detection: Detection; seenMs: number }[] = [];
  #count = 0;

  constructor(settings: {
    readonly minScore: number;
    readonly timeoutSeconds: number;
    readonly groups: LabelGroups;
  }) {
    this.#settings = settings;
  }

  observe(detections: readonly Detection[], nowMs: number): Labelled[] {
    const { minScore, timeoutSeconds, groups } = this.#settings;
    this.#tracks = this.#tracks.filter(({ seenMs }) => nowMs - seenMs <= timeoutSeconds * 1000);
    const strong = detections.filter(({ score }) => score >= minScore);
    const pairs = this.#tracks
      .flatMap((track) =>
        strong
          .filter(({ label }) => groupOf(label, groups) === track.group)
          .map((detection) => ({
            track,
            detection,
            overlap: intersectionOverUnion(track.detection.box, detection.box),
          })),
      )
      .filter(({ overlap }) => overlap >= 0.3)
      .sort((a, b) => b.overlap - a.overlap);
    const taken = new Set<unknown>();
    for (const { track, detection } of pairs) {
      if (taken.has(track) || taken.has(detection)) continue;
      taken.add(track).add(detection);
      track.detection = detection;
      track.seenMs = nowMs;
    }
    for (const detection of strong.filter((each) => !taken.has(each))) {
      const id = `plain-${++this.#count}`;
      this.#tracks.push({ id, group: groupOf(detection.label, groups), detection, seenMs: nowMs });
    }
    return this.#tracks
      .filter(({ seenMs }) => seenMs === nowMs)
      .map(({ id, detection }) => ({ id, box: detection.box }));
  }
}
