import type { BrokerConnection } from './broker-connection.ts';
import { type DetectionState, type DiscoverySettings, discoveryMessages } from './discovery.ts';
import { KnownCameras } from './known-cameras.ts';
import type { PresentObjects } from './present-objects.ts';
import { countMessages, countObjects, learnNames, retainedTopics } from './retained-state.ts';
import { labelLevel, Topics, topicLevel } from './topics.ts';

/** A camera whose detection is set up. */
export interface MqttCamera {
  readonly stream: string;
  /** Labels and zones that its settings name: known to Home Assistant before the first of them is seen. */
  readonly labels: readonly string[];
  readonly zones: readonly { readonly name: string; readonly labels: readonly string[] }[];
}

export interface RetainedOptions {
  readonly prefix: string;
  /** `undefined`: Home Assistant is told nothing. */
  readonly discovery: DiscoverySettings | undefined;
  /** All that is watched, and what it is watched for. */
  readonly cameras: () => Iterable<MqttCamera>;
  readonly isStream: (name: string) => boolean;
  /** How the detection of a stream is now. */
  readonly stateOf: (stream: string) => DetectionState;
  /** Kept between two runs of the server: of what the broker holds retained messages. */
  readonly memory: { read(): string | undefined; write(text: string): void };
}

/**
 * Keeps the retained messages of a broker as things are: how many objects each camera sees now, how its detection is, and the entities
 * of Home Assistant. Publishes only what the broker of this connection does not have yet; takes back what a camera leaves behind.
 */
export class RetainedPublisher {
  readonly #options: RetainedOptions;
  readonly #topics: Topics;
  readonly #known: KnownCameras;
  /** Of prefixes that are not used any more: to be emptied. */
  readonly #leftovers: Set<string>;
  /** What the broker has confirmed on this connection. */
  #published = new Map<string, string>();

  constructor(options: RetainedOptions) {
    const { prefix, discovery, memory } = options;
    this.#options = options;
    this.#topics = new Topics(prefix);
    const discoveryPrefix = discovery?.discoveryPrefix ?? null;
    const stored = KnownCameras.fromText(memory.read() ?? '');
    const isSame = stored?.prefixes.prefix === prefix && stored.prefixes.discoveryPrefix === discoveryPrefix;
    this.#known = isSame ? stored : new KnownCameras({ prefix, discoveryPrefix });
    this.#leftovers = new Set(stored === undefined || isSame ? [] : allTopicsOf(stored));
    for (const topic of this.#leftovers) if (topic === this.#topics.available) this.#leftovers.delete(topic);
  }

  /** Everything anew: a broker may have lost what it had. Throws BrokerError. */
  async publishAll(connection: BrokerConnection, present: PresentObjects): Promise<void> {
    this.#published = new Map();
    for (const topic of this.#leftovers) {
      await connection.publish(topic, '', { retain: true });
      this.#leftovers.delete(topic);
    }
    await this.refresh(connection, present);
  }

  /** What differs, of all cameras; also of those that came, went, or were set up otherwise. Throws BrokerError. */
  async refresh(connection: BrokerConnection, present: PresentObjects): Promise<void> {
    let isNew = false;
    for (const { stream, labels, zones } of this.#options.cameras()) {
      const inZones = zones.map((zone) => [topicLevel(zone.name), zone.labels.map(labelLevel)] as const);
      isNew = this.#known.add(stream, labels.map(labelLevel), inZones) || isNew;
    }
    if (isNew) this.#remember();
    await this.publish(connection, present);
  }

  /** What differs of some cameras; of all known ones when none are named. Throws BrokerError. */
  async publish(
    connection: BrokerConnection,
    present: PresentObjects,
    streams?: ReadonlySet<string>,
  ): Promise<void> {
    const counts = countObjects(present, streams);
    if (learnNames(this.#known, counts)) this.#remember();
    const wanted = new Map<string, string>();
    for (const stream of streams ?? [...this.#known.names]) {
      const names = this.#known.camera(stream);
      if (names === undefined) continue;
      if (!this.#options.isStream(stream)) {
        await this.#takeBack(connection, stream);
        present.forget(stream);
        continue;
      }
      for (const message of this.#discoveryOf(stream)) wanted.set(...message);
      for (const message of countMessages(this.#topics, stream, names, counts.get(stream))) {
        wanted.set(...message);
      }
      wanted.set(this.#topics.status(topicLevel(stream)), this.#options.stateOf(stream));
    }
    const changed = [...wanted].filter(([topic, payload]) => this.#published.get(topic) !== payload);
    await connection.publishAll(
      changed.map(([topic, payload]) => ({ topic, payload, retain: true })),
      ({ topic, payload }) => this.#published.set(topic, payload),
    );
  }

  /** Nothing of a camera stays at the broker. */
  async #takeBack(connection: BrokerConnection, stream: string): Promise<void> {
    const names = this.#known.camera(stream);
    if (names === undefined) return;
    const topics = [...retainedTopics(this.#topics, stream, names), ...this.#discoveryOf(stream).keys()];
    await connection.publishAll(topics.map((topic) => ({ topic, payload: '', retain: true })));
    for (const topic of topics) this.#published.delete(topic);
    this.#known.remove(stream);
    this.#remember();
  }

  #discoveryOf(stream: string): Map<string, string> {
    const { discovery } = this.#options;
    const names = this.#known.camera(stream);
    if (discovery === undefined || names === undefined) return new Map();
    return discoveryMessages(this.#topics, stream, names, discovery);
  }

  /** Before the broker hears of something new: then it can always be taken back. */
  #remember(): void {
    this.#options.memory.write(this.#known.toText());
  }
}

/** All retained topics of an earlier run. */
function allTopicsOf(known: KnownCameras): string[] {
  const { prefix, discoveryPrefix } = known.prefixes;
  const topics = new Topics(prefix);
  const ofCameras = [...known.names].flatMap((stream) => {
    const names = known.camera(stream);
    if (names === undefined) return [];
    const retained = retainedTopics(topics, stream, names);
    if (discoveryPrefix === null) return retained;
    const settings = { discoveryPrefix, version: '', snapshots: true };
    return [...retained, ...discoveryMessages(topics, stream, names, settings).keys()];
  });
  return [topics.available, ...ofCameras];
}
