import type { Registry } from 'prom-client';
import type { DeliveryCounters } from '../notify/delivery-queue.ts';
import type { NotifierCounters } from '../notify/notifier.ts';
import { Instruments } from './instruments.ts';

/** The notifier, as its metrics see it. */
export interface NotifySource {
  readonly counters: NotifierCounters;
  readonly deliveries: { readonly counters: DeliveryCounters; readonly waiting: number };
}

/** Makes the metrics of notifications and generated images. */
export function createNotifyMetrics(registry: Registry, { counters, deliveries }: NotifySource): void {
  const to = new Instruments(registry);
  to.count(
    'framelog_notifications_total',
    'Notifications of persisted fragments whose tags ask for them.',
    () => counters.notifications,
  );
  to.count(
    'framelog_generated_images_total',
    'Images made of fragments whose tags ask for them.',
    () => counters.images,
  );
  to.count(
    'framelog_generated_images_failed_total',
    'Images or fragments of images that were not made: too many waited, or the media could not be decoded.',
    () => counters.imagesFailed,
  );
  to.countBy(
    'framelog_deliveries_total',
    'Notifications and images by what became of them: delivered, failed (after all tries), dropped (too many waited), and tries that were repeated (retried).',
    'outcome',
    () => ({ ...deliveries.counters }),
  );
  to.level(
    'framelog_deliveries_waiting',
    'Notifications and images that wait to be delivered.',
    () => deliveries.waiting,
  );
}
