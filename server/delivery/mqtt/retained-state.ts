import type { CameraNames, KnownCameras } from './known-cameras.ts';
import type { PresentObject } from './present-objects.ts';
import { ALL, labelLevel, type Topics, topicLevel } from './topics.ts';

/** What is counted of a camera, by levels of topics. */
export interface CameraCounts {
  readonly labels: ReadonlyMap<string, number>;
  readonly zones: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

interface MutableCounts {
  readonly labels: Map<string, number>;
  readonly zones: Map<string, Map<string, number>>;
}

/**
 * Counts objects by label, by group where it is another word, and all together: in the picture, and in each zone. Of some streams, or
 * of all.
 */
export function countObjects(
  objects: Iterable<PresentObject>,
  streams?: ReadonlySet<string>,
): Map<string, CameraCounts> {
  const cameras = new Map<string, MutableCounts>();
  for (const { stream, label, group, zones } of objects) {
    if (streams?.has(stream) === false) continue;
    const camera = getOrAdd(cameras, stream, () => ({ labels: new Map(), zones: new Map() }));
    const levels = levelsOf(label, group);
    countEach(camera.labels, levels);
    for (const zone of new Set(zones.map(topicLevel))) {
      countEach(
        getOrAdd(camera.zones, zone, () => new Map()),
        levels,
      );
    }
  }
  return cameras;
}

/** Under which levels an object of this label and group is counted. */
export function levelsOf(label: string, group: string): ReadonlySet<string> {
  return new Set([ALL, labelLevel(label), labelLevel(group)]);
}

/** The messages that say how many objects are there: one for each known label, also for those of which there is none now. */
export function countMessages(
  topics: Topics,
  stream: string,
  { labels, zones }: CameraNames,
  counts: CameraCounts | undefined,
): Map<string, string> {
  const camera = topicLevel(stream);
  const messages = new Map<string, string>();
  for (const label of labels) {
    messages.set(topics.count(camera, label), String(counts?.labels.get(label) ?? 0));
  }
  for (const [zone, names] of zones) {
    for (const label of names) {
      messages.set(topics.zoneCount(camera, zone, label), String(counts?.zones.get(zone)?.get(label) ?? 0));
    }
  }
  return messages;
}

/** All topics below which something of a camera is retained, discovery aside. */
export function retainedTopics(topics: Topics, stream: string, names: CameraNames): string[] {
  const camera = topicLevel(stream);
  return [
    ...countMessages(topics, stream, names, undefined).keys(),
    ...[...names.labels].map((label) => topics.snapshot(camera, label)),
    topics.status(camera),
  ];
}

/** Makes the labels and zones of what was counted known; answers whether something of it is new. */
export function learnNames(known: KnownCameras, counts: ReadonlyMap<string, CameraCounts>): boolean {
  let isNew = false;
  for (const [stream, { labels, zones }] of counts) {
    const inZones = [...zones].map(([zone, names]) => [zone, names.keys()] as const);
    isNew = known.add(stream, labels.keys(), inZones) || isNew;
  }
  return isNew;
}

function countEach(counts: Map<string, number>, levels: Iterable<string>): void {
  for (const level of levels) counts.set(level, (counts.get(level) ?? 0) + 1);
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
