import type { Box } from '../geometry/box.ts';
import type { Restoration, TrackerUpdate } from '../track/tracker.ts';
import type { FrameRef } from '../watch/frame.ts';
import type { LineSettings, ZoneSettings } from '../watch/watch-settings.ts';

/**
 * Zones and lines, as data, above the tracker. An object stands where the middle of the lower edge of its box is: its foot. The
 * implementation is `TrackRules` in track-rules.ts.
 */
export interface Rules {
  /** What the objects of an update did. By track id; also of those that have departed. */
  apply(update: TrackerUpdate): ReadonlyMap<string, RuleOutcome>;
  /** JSON from which `createRules` goes on; belongs to the state of the tracker of the same frame. */
  state(): unknown;
  readonly restoration: Restoration;
}

export interface RulesSettings {
  readonly zones: readonly ZoneSettings[];
  readonly lines: readonly LineSettings[];
}

export interface RuleOutcome {
  /** Names of the zones in which the object is; of a departed one: in which it was when it was last seen. */
  readonly zones: readonly string[];
  /** In order. Only of confirmed objects. */
  readonly events: readonly RuleEvent[];
}

/** An object in one frame. */
export interface Sighting {
  readonly frame: FrameRef;
  readonly box: Box;
  readonly score: number;
}

export type CrossingDirection = 'left-to-right' | 'right-to-left';

/** What an object did; `at`: in which frame. */
export type RuleEvent =
  | { readonly type: 'zone'; readonly phase: 'enter'; readonly zone: string; readonly at: Sighting }
  | {
      readonly type: 'zone';
      readonly phase: 'leave';
      readonly zone: string;
      readonly dwellMs: number;
      readonly at: Sighting;
      /** Why, where it did not walk out of the zone. */
      readonly reason?: 'gone' | 'ended';
    }
  | { readonly type: 'dwell'; readonly zone: string; readonly dwellMs: number; readonly at: Sighting }
  | {
      readonly type: 'line';
      readonly line: string;
      readonly direction: CrossingDirection;
      readonly at: Sighting;
    };
