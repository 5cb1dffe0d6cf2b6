import type { Detector, ModelIdentity } from '../detect/detector.ts';
import type { LabelGroups } from '../track/label-groups.ts';
import type { WatchSettings } from '../watch/watch-settings.ts';

/** Models that can be looked with. */
export interface ModelSource {
  /** Throws WatchError `no-model`, `unavailable`. */
  open(name: string, options: ModelOptions): Promise<OpenModel>;
}

export interface ModelOptions {
  readonly profile: WatchSettings['profile'];
  /** Labels or groups; `null`: the model's own list. */
  readonly labels: WatchSettings['labels'];
}

export interface OpenModel {
  readonly identity: ModelIdentity;
  /** From which on the model's detections are believed, unless somebody says otherwise. */
  readonly minScore: number;
  readonly groups: LabelGroups;
  /**
   * Ready for pictures of this shape (width over height). To be asked for anew for each picture: it is shared, and may be given
   * up for another one. Throws WatchError `no-model`, `unavailable`.
   */
  detector(aspect: number): Promise<Detector>;
}
