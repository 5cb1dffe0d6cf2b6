import type { Detection } from '../detect/detection.ts';
import type { Box } from '../geometry/box.ts';
import type { RulesSettings } from '../rules/rules.ts';
import { createRules } from '../rules/track-rules.ts';
import { createTracker } from '../track/buffered-tracker.ts';
import { shortHash } from '../track/short-hash.ts';
import type { Restoration, TrackerSettings, TrackerUpdate } from '../track/tracker.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { TrackedObject } from '../watch/observed.ts';
import type { WatchState } from '../watch/watch-state.ts';
import type { DetectionEvent } from './detection-event.ts';
import { EventMaker } from './event-maker.ts';
import type { EventSource } from './make-event.ts';

/** What goes on before one camera, from what a model finds in its frames: objects that are followed, and events. */
export interface Scene {
  /** See Tracker: detections go down to `weakestScore(minScore)`; `looked`: the parts of the picture that were looked at, if not all. */
  observe(detections: readonly Detection[], frame: FrameRef, looked?: readonly Box[]): SceneUpdate;
  hold(frame: FrameRef): SceneUpdate;
  end(frame: FrameRef): SceneUpdate;
  state(): SceneState;
  readonly restoration: Restoration;
}

export interface SceneUpdate {
  readonly objects: readonly TrackedObject[];
  /** In order. */
  readonly events: readonly DetectionEvent[];
  /** As in TrackerUpdate. */
  readonly refused: number;
}

export type SceneState = Pick<WatchState, 'tracker' | 'rules' | 'events'>;

export interface SceneSettings extends TrackerSettings, RulesSettings {
  readonly updateSeconds: number;
}

/** A scene that begins anew, or goes on from a state. The parts of a state belong together: one that is bad spoils the others. */
export function createScene(settings: SceneSettings, source: EventSource, state?: SceneState): Scene {
  const parts = makeParts(settings, source, state);
  const restorations = new Set(parts.map(({ restoration }) => restoration));
  if (restorations.size === 1 && !restorations.has('rejected')) return join(parts, parts[0].restoration);
  return join(makeParts(settings, source, undefined), 'rejected');
}

function makeParts(settings: SceneSettings, source: EventSource, state: SceneState | undefined) {
  const { stream, watch, model } = source;
  const prefix = shortHash([stream, watch, model.name, model.sha256], 26);
  return [
    createTracker(settings, prefix, state?.tracker),
    createRules(settings, state?.rules),
    new EventMaker(source, settings.updateSeconds, state?.events),
  ] as const;
}

function join([tracker, rules, maker]: ReturnType<typeof makeParts>, restoration: Restoration): Scene {
  const tell = (update: TrackerUpdate): SceneUpdate => ({
    objects: update.objects,
    events: maker.make(update, rules.apply(update)),
    refused: update.refused,
  });
  return {
    restoration,
    observe: (detections, frame, looked) => tell(tracker.observe(detections, frame, looked)),
    hold: (frame) => tell(tracker.hold(frame)),
    end: (frame) => tell(tracker.end(frame)),
    state: () => ({ tracker: tracker.state(), rules: rules.state(), events: maker.state() }),
  };
}
