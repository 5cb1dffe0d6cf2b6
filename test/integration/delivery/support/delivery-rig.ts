import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../../fragments/log/clock.ts';
import type { DetectionEvent } from '../../../../ml/events/detection-event.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { Webhooks } from '../../../../server/delivery/webhooks/webhooks.ts';
import { SinkRunner } from '../../../../server/detection/sink-runner.ts';
import { SqliteEventStore } from '../../../../server/detection/sqlite-event-store.ts';
import { LogBook } from '../../../unit/server/http/http-rig.ts';

/** A data folder that outlives the rigs on it. */
export function dataFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-delivery-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The real store of events, the real runner of sinks, and webhooks, as the server puts them together. */
export class DeliveryRig {
  readonly store: SqliteEventStore;
  readonly catalog: SqliteCatalog;
  readonly runner: SinkRunner;
  readonly webhooks: Webhooks;
  readonly log = new LogBook();
  #isClosed = false;

  private constructor(folder: string, timeoutMs: number) {
    const { logger } = this.log;
    this.store = SqliteEventStore.open(join(folder, 'detections.db'));
    this.catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
    this.runner = new SinkRunner({ store: this.store, drainMs: 0, clock: systemClock, logger });
    this.webhooks = new Webhooks({
      catalog: this.catalog.webhooks,
      events: this.store,
      sinks: this.runner,
      maxWebhooks: 3,
      timeoutMs,
      logger,
      now: Date.now,
    });
  }

  static open(t: TestContext, folder: string, { timeoutMs = 10_000 } = {}): DeliveryRig {
    const rig = new DeliveryRig(folder, timeoutMs);
    rig.webhooks.start();
    t.after(() => rig.close());
    return rig;
  }

  commit(...events: readonly DetectionEvent[]): readonly DetectionEvent[] {
    for (const event of events) {
      this.store.commit({ stream: event.stream, watch: event.watch, events: [event] });
    }
    return events;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.webhooks.close();
    await this.runner.close();
    this.store.close();
    this.catalog.close();
  }
}
