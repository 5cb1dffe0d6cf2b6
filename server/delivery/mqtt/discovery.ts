import { hash } from 'node:crypto';
import type { CameraNames } from './known-cameras.ts';
import { ALL, type Topics, topicLevel } from './topics.ts';

/** What discovery messages say of this server. */
export interface DiscoverySettings {
  /** `homeassistant`. */
  readonly discoveryPrefix: string;
  readonly version: string;
  /** Where people reach this server's page, when it is known. */
  readonly pageUrl?: string;
  /** Pictures are published. */
  readonly snapshots: boolean;
}

/** How the detection of a camera is: as events and the supervisor tell. */
export const DETECTION_STATES = ['watching', 'degraded', 'quarantined', 'failed', 'stopped'] as const;
export type DetectionState = (typeof DETECTION_STATES)[number];

/**
 * The messages by which Home Assistant learns of a camera ("MQTT discovery"): one device, and for each label a binary sensor
 * (something is there), a sensor (how many), and an image. Topic to payload; an empty payload takes an entity back.
 */
export function discoveryMessages(
  topics: Topics,
  stream: string,
  names: CameraNames,
  settings: DiscoverySettings,
): Map<string, string> {
  const camera = topicLevel(stream);
  const deviceId = `${discoveryId(topics.prefix)}_${discoveryId(stream)}`;
  const common = {
    availability_topic: topics.available,
    payload_available: 'online',
    payload_not_available: 'offline',
    qos: 1,
    device: {
      identifiers: [deviceId],
      name: stream,
      manufacturer: 'Framelog',
      model: 'Camera',
      sw_version: settings.version,
      ...(settings.pageUrl === undefined
        ? {}
        : { configuration_url: `${settings.pageUrl}#stream=${encodeURIComponent(stream)}` }),
    },
    origin: { name: 'Framelog', sw_version: settings.version },
  };
  const messages = new Map<string, string>();
  const add = (component: string, id: string, entity: object): void => {
    const uniqueId = `${deviceId}_${id}`;
    const topic = `${settings.discoveryPrefix}/${component}/${deviceId}/${id}/config`;
    // `object_id`, which says the same to versions before 2025.10, is warned of since.
    const ids = { unique_id: uniqueId, default_entity_id: `${component}.${uniqueId}` };
    messages.set(topic, JSON.stringify({ ...ids, ...entity, ...common }));
  };
  const addCount = (id: string, name: string, topic: string): void => {
    add('binary_sensor', `${id}_occupancy`, {
      name,
      state_topic: topic,
      value_template: "{{ 'ON' if value | int(0) > 0 else 'OFF' }}",
      payload_on: 'ON',
      payload_off: 'OFF',
      device_class: 'occupancy',
    });
    add('sensor', `${id}_count`, {
      name: `${name} count`,
      state_topic: topic,
      state_class: 'measurement',
      unit_of_measurement: 'objects',
      icon: 'mdi:counter',
    });
  };
  for (const label of names.labels) {
    const id = discoveryId(label);
    const name = titleOf(label);
    addCount(id, name, topics.count(camera, label));
    if (!settings.snapshots) continue;
    add('image', `${id}_snapshot`, {
      name: `${name} snapshot`,
      image_topic: topics.snapshot(camera, label),
      content_type: 'image/jpeg',
    });
  }
  for (const [zone, labels] of names.zones) {
    for (const label of labels) {
      const id = `zone_${discoveryId(zone)}_${discoveryId(label)}`;
      addCount(id, `${titleOf(zone)} ${titleOf(label).toLowerCase()}`, topics.zoneCount(camera, zone, label));
    }
  }
  add('sensor', 'status', {
    name: 'Detection',
    state_topic: topics.status(camera),
    device_class: 'enum',
    options: DETECTION_STATES,
    entity_category: 'diagnostic',
    icon: 'mdi:cctv',
  });
  return messages;
}

/**
 * A name where only letters, digits, `_` and `-` may stand. Two names that would become one are told apart by a piece of their
 * hash.
 */
export function discoveryId(name: string): string {
  const id = name.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
  return id === name ? id : `${id}-${hash('sha256', name).slice(0, 6)}`;
}

/** `all` is what no label is: something. */
function titleOf(level: string): string {
  if (level === ALL) return 'Object';
  const words = level.replaceAll('_', ' ').trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
