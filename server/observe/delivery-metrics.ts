import type { Registry } from 'prom-client';
import type { WebhookCounters } from '../delivery/webhooks/webhook-sink.ts';
import { Instruments } from './instruments.ts';

/** The delivery of events, as its metrics see it. */
export interface DeliverySource {
  readonly webhooks: { readonly counters: WebhookCounters };
  readonly mqtt:
    | {
        readonly link: {
          readonly current: object | undefined;
          readonly counters: {
            readonly connects: number;
            readonly failures: number;
            readonly messages: number;
          };
        };
        readonly snapshots:
          | {
              readonly counters: {
                readonly published: number;
                readonly failed: number;
                readonly leftOut: number;
              };
            }
          | undefined;
      }
    | undefined;
}

/** Makes the metrics of webhooks and of MQTT; how far each has come is among those of the sinks. */
export function createDeliveryMetrics(registry: Registry, { webhooks, mqtt }: DeliverySource): void {
  const to = new Instruments(registry);
  to.countBy(
    'framelog_webhook_requests_total',
    'Requests to webhooks for detection events: taken (delivered), to be repeated (failed), and those whose event the receiver will ' +
      'never take (refused).',
    'outcome',
    () => ({ ...webhooks.counters }),
  );
  to.level('framelog_mqtt_connected', 'Whether the MQTT broker is connected: 1 or 0.', () =>
    mqtt?.link.current === undefined ? 0 : 1,
  );
  to.count(
    'framelog_mqtt_connects_total',
    'Connections to the MQTT broker that were ready for messages.',
    () => mqtt?.link.counters.connects ?? 0,
  );
  to.count(
    'framelog_mqtt_failures_total',
    'Connections to the MQTT broker that failed or broke.',
    () => mqtt?.link.counters.failures ?? 0,
  );
  to.count(
    'framelog_mqtt_messages_total',
    'Messages that the MQTT broker has confirmed.',
    () => mqtt?.link.counters.messages ?? 0,
  );
  to.countBy(
    'framelog_mqtt_snapshots_total',
    'Pictures of objects for MQTT: published, failed (the broker or the disk), left_out (too many, or their media cannot be decoded).',
    'outcome',
    () => {
      const { published = 0, failed = 0, leftOut = 0 } = mqtt?.snapshots?.counters ?? {};
      return { published, failed, left_out: leftOut };
    },
  );
}
