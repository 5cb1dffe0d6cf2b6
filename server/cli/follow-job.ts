import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { endText, isEnded, type Job, jobPath, jobSchema, progressText } from './job-text.ts';
import { ProgressLine } from './progress-line.ts';
import { stopSignal } from './stop-signal.ts';
import type { Terminal } from './terminal.ts';

const POLL_MS = 500;

/** Shows how a job goes on until it has ended; Ctrl-C cancels it. Answers the exit status. */
export async function followJob(
  api: ApiClient,
  begun: Job,
  terminal: Terminal,
  asJson: boolean,
): Promise<number> {
  const stop = stopSignal();
  const line = new ProgressLine(terminal);
  let job = begun;
  let isCancelled = false;
  while (!isEnded(job)) {
    line.update(() => `${job.stream}: ${progressText(job)}`);
    if (stop.aborted && !isCancelled) {
      isCancelled = true;
      job = await api.ask('POST', `${jobPath(job.id)}/cancel`, jobSchema, {});
      continue;
    }
    await delay(POLL_MS, undefined, { signal: stop }).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
    job = await api.ask('GET', jobPath(job.id), jobSchema);
  }
  line.clear();
  terminal.out(asJson ? `${JSON.stringify(job)}\n` : endText(job));
  return job.state === 'done' ? 0 : 1;
}
