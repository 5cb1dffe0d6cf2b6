import assert from 'node:assert/strict';
import type { Detection } from '../../../../ml/detect/detection.ts';
import type { DetectionEvent } from '../../../../ml/events/detection-event.ts';
import type { EventSource } from '../../../../ml/events/make-event.ts';
import { createScene, type Scene, type SceneSettings, type SceneState } from '../../../../ml/events/scene.ts';
import type { Point } from '../../../../ml/geometry/box.ts';
import { DEFAULT_LABEL_GROUPS } from '../../../../ml/track/label-groups.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';

export const SOURCE: EventSource = {
  stream: 'door',
  watch: 'live',
  model: { name: 'scripted', sha256: '5'.repeat(64) },
};

/** The right half, and all of it; a line upwards through the middle. */
export const SETTINGS: SceneSettings = {
  minScore: 0.35,
  confirmHits: 2,
  timeoutSeconds: 2,
  groups: DEFAULT_LABEL_GROUPS,
  updateSeconds: 1,
  zones: [
    { name: 'yard', polygon: corners(0.5, 1), dwellSeconds: 1.5 },
    { name: 'all', polygon: corners(0, 1), labels: ['person', 'vehicle'] },
  ],
  lines: [{ name: 'gate', from: [0.5, 1], to: [0.5, 0] }],
};

function corners(left: number, right: number): Point[] {
  return [
    [left, 0],
    [right, 0],
    [right, 1],
    [left, 1],
  ];
}

/** What happens in a sequence. */
export type Happening =
  | { readonly kind: 'look'; readonly detections: readonly Detection[]; readonly frame: FrameRef }
  | { readonly kind: 'hold' | 'end'; readonly frame: FrameRef };

/** Plays happenings; restarts from JSON before those whose index `restartsAt` names. */
export function playScene(
  happenings: readonly Happening[],
  { restartsAt = () => false, source = SOURCE, settings = SETTINGS }: PlayOptions = {},
): DetectionEvent[] {
  let scene: Scene = createScene(settings, source);
  const events: DetectionEvent[] = [];
  for (const [index, happening] of happenings.entries()) {
    if (restartsAt(index)) {
      scene = createScene(settings, source, JSON.parse(JSON.stringify(scene.state())) as SceneState);
      assert.equal(scene.restoration, 'restored');
    }
    events.push(...happen(scene, happening));
  }
  return events;
}

export interface PlayOptions {
  readonly restartsAt?: (index: number) => boolean;
  readonly source?: EventSource;
  readonly settings?: SceneSettings;
}

function happen(scene: Scene, happening: Happening): readonly DetectionEvent[] {
  if (happening.kind === 'look') return scene.observe(happening.detections, happening.frame).events;
  return scene[happening.kind](happening.frame).events;
}

/**
 * Holds events to the phases: one `enter`, then `update`s at least `updateSeconds` apart, then one `leave` of each track; zones
 * entered and left in turn, within the life of the track; no id twice. Answers the tracks that have not left.
 */
export function requirePhases(events: readonly DetectionEvent[]): string[] {
  const ids = new Set(events.map(({ id }) => id));
  assert.equal(ids.size, events.length, 'no two events have one id');
  const present = new Map<string, { readonly zones: Set<string>; crossings: string[] }>();
  const gone = new Set<string>();
  for (const { type, phase, trackId = '', zone = '', direction = '' } of events) {
    const track = present.get(trackId);
    const what = `${type} ${phase ?? ''} of ${trackId}`;
    if (type === 'object' && phase === 'enter') {
      assert.ok(track === undefined && !gone.has(trackId), `${what}: the first and only one`);
      present.set(trackId, { zones: new Set(), crossings: [] });
      continue;
    }
    assert.ok(track, `${what}: between enter and leave`);
    if (type === 'object' && phase === 'leave') {
      assert.equal(track.zones.size, 0, `${what}: it has left its zones`);
      present.delete(trackId);
      gone.add(trackId);
    }
    if (type === 'zone' && phase === 'enter') {
      assert.ok(!track.zones.has(zone), `${what}: was outside`);
      track.zones.add(zone);
    }
    if (type === 'zone' && phase === 'leave') assert.ok(track.zones.delete(zone), `${what}: was inside`);
    if (type === 'dwell') assert.ok(track.zones.has(zone), `${what}: is inside`);
    if (type === 'line') {
      assert.notEqual(track.crossings.at(-1), direction, `${what}: nobody crosses twice the same way`);
      track.crossings.push(direction);
    }
  }
  return [...present.keys()];
}
