import type { TestContext } from 'node:test';
import type { DetectionEvent } from '../../../../ml/events/detection-event.ts';
import type { ConnectionSettings } from '../../../../server/delivery/mqtt/broker-connection.ts';
import type { DiscoverySettings } from '../../../../server/delivery/mqtt/discovery.ts';
import { MqttSink, type MqttSinkOptions } from '../../../../server/delivery/mqtt/mqtt-sink.ts';
import type { StoredEvent } from '../../../../server/detection/event-store.ts';
import { LogBook } from '../../../unit/server/http/http-rig.ts';

export interface MqttRig {
  readonly sink: MqttSink;
  readonly log: LogBook;
  deliver(events: readonly StoredEvent[]): Promise<void>;
}

/** What outlives a sink. */
export interface Surroundings {
  memory: string | undefined;
  readonly streams: Set<string>;
  readonly watched: { stream: string; labels: string[]; zones: { name: string; labels: string[] }[] }[];
}

export function surroundings(): Surroundings {
  return { memory: undefined, streams: new Set(['front', 'yard']), watched: [] };
}

export const CONNECTION: Omit<ConnectionSettings, 'url'> = {
  version: 5,
  clientId: 'framelog-test',
  keepAliveSeconds: 60,
  connectTimeoutMs: 5000,
  maxInFlight: 20,
  messagesPerSecond: 10_000,
  confirmTimeoutMs: 10_000,
};

export const DISCOVERY: DiscoverySettings = {
  discoveryPrefix: 'homeassistant',
  version: '1.2.3',
  pageUrl: 'http://framelog.example/',
  snapshots: true,
};

/** A sink that connects to a broker; it ends with the test. */
export function mqttRig(
  t: TestContext,
  url: string,
  {
    around = surroundings(),
    connection = {},
    present = [],
    ...options
  }: {
    readonly around?: Surroundings;
    readonly connection?: Partial<ConnectionSettings>;
    readonly present?: readonly StoredEvent[];
  } & Partial<Pick<MqttSinkOptions, 'prefix' | 'discovery' | 'pictureOf' | 'patienceMs'>> = {},
): MqttRig {
  const log = new LogBook();
  const sink = new MqttSink({
    connection: { ...CONNECTION, url, ...connection },
    prefix: 'framelog',
    discovery: DISCOVERY,
    statsIntervalMs: 3_600_000,
    cameras: () => around.watched,
    stateOf: () => 'watching',
    isStream: (name) => around.streams.has(name),
    present: () => present,
    memory: {
      read: () => around.memory,
      write: (text) => {
        around.memory = text;
      },
    },
    stats: () => ({ version: '1.2.3' }),
    pictureOf: undefined as ((event: DetectionEvent) => Promise<Uint8Array | undefined>) | undefined,
    patienceMs: 10_000,
    logger: log.logger,
    ...options,
  });
  sink.start();
  t.after(() => sink.close());
  return { sink, log, deliver: (events) => sink.deliver(events, AbortSignal.timeout(10_000)) };
}
