import { distanceToOutline, isInPolygon } from '../geometry/polygon.ts';
import type { ZoneSettings } from '../watch/watch-settings.ts';
import type { Stay } from './rule-state.ts';
import type { RuleEvent, Sighting } from './rules.ts';
import { CLEARANCE, type Step } from './step.ts';

/**
 * Whoever's foot is in the zone is in it, from the first frame on. Out is who is clearly out: boxes jitter, and so he who walks
 * along the edge goes in once. The frame of the `leave` is the first one outside all the same.
 */

/** The stay after a step; `undefined` where there is none. */
export function stepInZone(
  zone: ZoneSettings,
  stay: Stay | undefined,
  { foot, at, elapsedMs }: Step,
): { readonly stay: Stay; readonly isOver: boolean } | undefined {
  if (isInPolygon(foot, zone.polygon)) {
    if (stay !== undefined) {
      delete stay.out;
      return { stay, isOver: false };
    }
    const begun: Stay = { zone: zone.name, sinceMs: elapsedMs, isTold: false, isDwellTold: false };
    return { stay: begun, isOver: false };
  }
  if (stay === undefined) return undefined;
  stay.out ??= { at, elapsedMs };
  const scale = { x: at.box[2], y: at.box[3] };
  return { stay, isOver: distanceToOutline(foot, zone.polygon, scale) >= CLEARANCE };
}

/** The `leave` of a stay that is over, if its `enter` was told. */
export function leaveZone(
  stay: Stay,
  last: { readonly at: Sighting; readonly elapsedMs: number },
  reason?: 'gone' | 'ended',
): RuleEvent[] {
  if (!stay.isTold) return [];
  const { at, elapsedMs } = stay.out ?? last;
  const dwellMs = Math.max(0, elapsedMs - stay.sinceMs);
  return [{ type: 'zone', phase: 'leave', zone: stay.zone, dwellMs, at, ...(reason && { reason }) }];
}

/** What is to be told of a stay of an object that is confirmed and was seen in it. */
export function tellStay(zone: ZoneSettings, stay: Stay, at: Sighting, elapsedMs: number): RuleEvent[] {
  if (stay.out !== undefined) return [];
  const events: RuleEvent[] = [];
  if (!stay.isTold) {
    stay.isTold = true;
    events.push({ type: 'zone', phase: 'enter', zone: stay.zone, at });
  }
  const dwellMs = elapsedMs - stay.sinceMs;
  if (!stay.isDwellTold && zone.dwellSeconds !== undefined && dwellMs >= zone.dwellSeconds * 1000) {
    stay.isDwellTold = true;
    events.push({ type: 'dwell', zone: stay.zone, dwellMs, at });
  }
  return events;
}
