import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Instruments } from './instruments.ts';

/**
 * The process itself, under the names that Prometheus dashboards know. prom-client's own set is not used: it walks over
 * every handle and file descriptor, which with thousands of connections stops the event loop that it measures.
 */
export function registerProcess(to: Instruments): void {
  const startedSeconds = Date.now() / 1000 - process.uptime();
  to.level(
    'process_start_time_seconds',
    'When the process was started, epoch seconds.',
    () => startedSeconds,
  );
  to.count('process_cpu_seconds_total', 'CPU time used, in user and system mode.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  to.level('process_resident_memory_bytes', 'Memory of the whole process.', () => process.memoryUsage.rss());
  to.level('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  to.level(
    'nodejs_external_memory_bytes',
    'Buffers outside the heap: media in memory.',
    () => process.memoryUsage().external,
  );

  // Runs natively every 10 ms and holds no reference that keeps the process alive.
  const delay = monitorEventLoopDelay();
  delay.enable();
  to.levelBy(
    'nodejs_eventloop_delay_seconds',
    'How late the event loop was since the last scrape.',
    'quantile',
    () => {
      const values = {
        '0.5': delay.percentile(50) / 1e9,
        '0.99': delay.percentile(99) / 1e9,
        '1': delay.max / 1e9,
      };
      delay.reset();
      return values;
    },
  );
}
