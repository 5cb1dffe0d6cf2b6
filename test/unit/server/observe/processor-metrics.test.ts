import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createProcessorMetrics } from '../../../../server/observe/processor-metrics.ts';

test('stream processors and what becomes of their records', async () => {
  const registry = new Registry();
  const counters = { delivered: 5, retried: 2, dropped: 1 };
  createProcessorMetrics(registry, {
    processors: { counts: () => ({ RUNNING: 2, FAILED: 1 }) },
    outbox: {
      counters,
      waiting: () =>
        new Map([
          ['a', 3],
          ['b', 4],
        ]),
    },
  });
  const lines = (await registry.metrics()).split('\n');
  for (const line of [
    'framelog_processors{status="RUNNING"} 2',
    'framelog_processors{status="FAILED"} 1',
    'framelog_processor_records_total{outcome="delivered"} 5',
    'framelog_processor_records_total{outcome="dropped"} 1',
    'framelog_processor_records_waiting 7',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});
