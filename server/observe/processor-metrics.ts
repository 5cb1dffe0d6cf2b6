import type { Registry } from 'prom-client';
import type { OutboxCounters } from '../processors/record-outbox.ts';
import { Instruments } from './instruments.ts';

/** Stream processors, as their metrics see them. */
export interface ProcessorSource {
  readonly processors: { readonly counts: () => Readonly<Partial<Record<string, number>>> };
  readonly outbox: {
    readonly counters: OutboxCounters;
    readonly waiting: () => ReadonlyMap<string, number>;
  };
}

/** Makes the metrics of stream processors (docs/rekognition.md). */
export function createProcessorMetrics(registry: Registry, { processors, outbox }: ProcessorSource): void {
  const to = new Instruments(registry);
  to.levelBy(
    'framelog_processors',
    'Stream processors, by status.',
    'status',
    () => processors.counts() as Readonly<Record<string, number>>,
  );
  to.countBy(
    'framelog_processor_records_total',
    'Records of stream processors by what became of them: delivered, dropped (too many waited, or the data stream will never ' +
      'take it), and tries that failed and were repeated (retried).',
    'outcome',
    () => ({ ...outbox.counters }),
  );
  to.level(
    'framelog_processor_records_waiting',
    'Records of stream processors that wait for their data stream.',
    () => [...outbox.waiting().values()].reduce((sum, count) => sum + count, 0),
  );
}
