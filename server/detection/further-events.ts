import type { DetectionEvent } from '../../ml/events/detection-event.ts';
import type { WatchResult } from '../../ml/supervisor/watch-result.ts';
import type { WatchSettings } from '../../ml/watch/watch-settings.ts';

/** Whose results they are. */
export interface WatchedBy {
  readonly stream: string;
  readonly watch: string;
}

/** Makes further events of the results of one watch: what the server knows and a worker does not (faces). */
export interface FurtherEvents {
  /** Asked with every result, in order; its events are stored after the result's own. */
  observe(result: WatchResult, settings: WatchSettings): readonly DetectionEvent[];
  /** JSON from which it goes on after a restart, stored together with its events; `undefined` while it knows nothing. */
  state(): unknown;
}

/** Opened with what was known when the watch was last heard of. */
export type OpenFurtherEvents = (watch: WatchedBy, state: unknown) => FurtherEvents;
