import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { SettingCatalog } from '../catalog/catalog.ts';
import type { WebhookCatalog } from '../catalog/webhook-catalog.ts';
import { type Config, ConfigError } from '../config.ts';
import type { DetectionService } from '../detection/detection-service.ts';
import type { EventStore } from '../detection/event-store.ts';
import type { SinkRunner } from '../detection/sink-runner.ts';
import type { ImageService } from '../playback/images/image-service.ts';
import type { StreamService } from '../streams/stream-service.ts';
import type { ConnectionSettings } from './mqtt/broker-connection.ts';
import { eventPicture } from './mqtt/event-picture.ts';
import { MqttSink } from './mqtt/mqtt-sink.ts';
import type { MqttCamera } from './mqtt/retained-publisher.ts';
import { serverStats } from './mqtt/server-stats.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** What delivery is made of. */
export interface DeliveryParts {
  readonly config: Pick<Config, 'mqtt' | 'webhooks' | 'http'>;
  readonly catalog: SettingCatalog & { readonly webhooks: WebhookCatalog };
  readonly events: EventStore;
  readonly sinks: Pick<SinkRunner, 'add' | 'remove' | 'problemOf'>;
  readonly detection: Pick<DetectionService, 'settingsOf' | 'statusOf'>;
  readonly streams: Pick<StreamService, 'list' | 'record' | 'open'>;
  readonly images: ImageService;
  readonly version: string;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Where events go beside the data streams. */
export interface Delivery {
  readonly webhooks: Webhooks;
  /** `undefined`: no broker is set. */
  readonly mqtt: MqttSink | undefined;
  /** Stops, and hangs up. To be called before the runner of sinks and the store of events are closed. */
  close(): Promise<void>;
}

type MqttConfig = NonNullable<Config['mqtt']>;

/** Name of the setting that keeps of what the broker holds retained messages. */
const MQTT_MEMORY = 'mqtt.known';
const CONNECT_TIMEOUT_MS = 10_000;
const CONFIRM_TIMEOUT_MS = 30_000;
const PATIENCE_MS = 15_000;

/** Begins to deliver to the webhooks and to the broker that are set. Throws ConfigError `unreadable` for files of TLS. */
export function openDelivery(parts: DeliveryParts): Delivery {
  const { config, catalog, events, sinks, logger, now } = parts;
  const webhooks = new Webhooks({
    ...config.webhooks,
    catalog: catalog.webhooks,
    events,
    sinks,
    logger,
    now,
  });
  const mqtt = config.mqtt === undefined ? undefined : makeMqttSink(config.mqtt, parts);
  webhooks.start();
  if (mqtt !== undefined) {
    mqtt.start();
    sinks.add(mqtt);
  }
  return {
    webhooks,
    mqtt,
    close: async () => {
      await webhooks.close();
      if (mqtt === undefined) return;
      await sinks.remove(mqtt.name);
      await mqtt.close();
    },
  };
}

function makeMqttSink(mqtt: MqttConfig, parts: DeliveryParts): MqttSink {
  const { config, catalog, events, detection, streams, images, version, logger, now } = parts;
  const { publicUrl } = config.http;
  const startedMs = now();
  return new MqttSink({
    connection: connectionSettingsOf(mqtt),
    prefix: mqtt.prefix,
    discovery:
      mqtt.discoveryPrefix === null
        ? undefined
        : {
            discoveryPrefix: mqtt.discoveryPrefix,
            version,
            snapshots: mqtt.snapshots,
            ...(publicUrl === undefined ? {} : { pageUrl: `${publicUrl}/` }),
          },
    statsIntervalMs: mqtt.statsSeconds * 1000,
    cameras: () => watchedCameras(parts),
    isStream: (name) => streams.record(name) !== undefined,
    stateOf: (name) => detection.statusOf(name)?.state ?? 'stopped',
    present: () => events.present('live', events.sinkPosition('mqtt') ?? events.lastSeq),
    memory: {
      read: () => catalog.setting(MQTT_MEMORY),
      write: (text) => catalog.putSetting(MQTT_MEMORY, text),
    },
    stats: () => serverStats(watchedCameras(parts), detection, { version, uptimeMs: now() - startedMs }),
    pictureOf: mqtt.snapshots
      ? (event) => eventPicture({ streams, images, width: mqtt.snapshotWidth }, event)
      : undefined,
    patienceMs: PATIENCE_MS,
    logger,
  });
}

/** Streams whose detection is on, with the labels and zones that are set for them. */
function* watchedCameras({ streams, detection }: DeliveryParts): Generator<MqttCamera> {
  for (const { name } of streams.list()) {
    const { tier, labels, zones } = detection.settingsOf(name);
    if (tier === 'off') continue;
    yield {
      stream: name,
      labels: labels ?? [],
      zones: zones.map((zone) => ({ name: zone.name, labels: zone.labels ?? labels ?? [] })),
    };
  }
}

function connectionSettingsOf(mqtt: MqttConfig): ConnectionSettings {
  const { url, version, clientId, username, password, tls } = mqtt;
  return {
    url,
    version: version === '5' ? 5 : 4,
    clientId,
    keepAliveSeconds: mqtt.keepAliveSeconds,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    maxInFlight: mqtt.maxInFlight,
    messagesPerSecond: mqtt.messagesPerSecond,
    confirmTimeoutMs: CONFIRM_TIMEOUT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls.caFile === undefined ? {} : { ca: read(tls.caFile) }),
    ...(tls.client === undefined ? {} : { cert: read(tls.client.certFile), key: read(tls.client.keyFile) }),
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError('unreadable', [`the file for MQTT cannot be read: ${(cause as Error).message}`], {
      cause,
    });
  }
}
