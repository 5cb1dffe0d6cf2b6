/** Characters that mean something in a topic, that no broker takes, or that make topics hard to write down. */
const NOT_IN_A_LEVEL = /[+#/\s\p{Cc}]/gu;

/** Levels below a camera that are no labels; a label of such a name gets an underscore. */
const RESERVED = new Set(['all', 'detections', 'status', 'snapshot']);

/** The count of everything, whatever its label. */
export const ALL = 'all';

/** A name as one level of a topic. */
export function topicLevel(name: string): string {
  return name === '' ? '_' : name.replaceAll(NOT_IN_A_LEVEL, '_');
}

/** The label or group of an object as one level of a topic. */
export function labelLevel(label: string): string {
  const level = topicLevel(label);
  return RESERVED.has(level) ? `${level}_` : level;
}

/**
 * Where things are published, as users of Frigate know it. Cameras, zones and labels are given as levels (`topicLevel`,
 * `labelLevel`), so that what is counted under one topic is known to be one thing.
 */
export class Topics {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** `online`, `offline`; retained. */
  get available(): string {
    return `${this.prefix}/available`;
  }

  /** Objects of all cameras as they come, change and go, in Frigate's shape. */
  get events(): string {
    return `${this.prefix}/events`;
  }

  get stats(): string {
    return `${this.prefix}/stats`;
  }

  /** Every event of a camera as it is. */
  detections(camera: string): string {
    return `${this.prefix}/${camera}/detections`;
  }

  /** How detection itself is; retained. */
  status(camera: string): string {
    return `${this.prefix}/${camera}/status`;
  }

  /** Objects in the picture now; retained. */
  count(camera: string, label: string): string {
    return `${this.prefix}/${camera}/${label}`;
  }

  /** Objects in a zone now; retained. */
  zoneCount(camera: string, zone: string, label: string): string {
    return `${this.prefix}/${camera}/${zone}/${label}`;
  }

  /** Picture of the newest object; retained. */
  snapshot(camera: string, label: string): string {
    return `${this.prefix}/${camera}/${label}/snapshot`;
  }
}
