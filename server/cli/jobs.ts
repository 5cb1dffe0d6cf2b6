import { z } from 'zod';
import { ApiClient, apiFlags } from './api-client.ts';
import { defineCommand } from './command.ts';
import { followJob } from './follow-job.ts';
import { endText, type Job, jobPath, jobSchema, progressText } from './job-text.ts';
import { table } from './table.ts';

const flags = { json: { type: 'boolean', help: 'Answer in JSON.' }, ...apiFlags } as const;

export const listJobs = defineCommand({
  positionals: [],
  options: { stream: { type: 'string', value: 'NAME', help: 'Only of this stream.' }, ...flags },
  examples: [{ line: 'framelog jobs list', what: 'All jobs over the archive, the newest first.' }],
  async run(options, _positionals, terminal) {
    const query = options.stream === undefined ? '' : `?stream=${encodeURIComponent(options.stream)}`;
    const api = ApiClient.of(options, terminal);
    const { jobs } = await api.ask(
      'GET',
      `/api/detection-jobs${query}`,
      z.object({ jobs: z.array(jobSchema) }),
    );
    terminal.out(options.json === true ? `${JSON.stringify(jobs)}\n` : listText(jobs));
    return 0;
  },
});

export const resumeJob = defineCommand({
  positionals: ['ID'],
  options: { detach: { type: 'boolean', help: 'Do not wait for its end.' }, ...flags },
  details: 'A job that was cancelled or has failed goes on behind the last fragment that it had done.',
  examples: [
    {
      line: 'framelog jobs resume 0b9f1c1e-6a39-4a53-8a5b-0d6f8f4f5a10',
      what: 'The id is in framelog jobs list.',
    },
  ],
  async run(options, [id = ''], terminal) {
    const api = ApiClient.of(options, terminal);
    const job = await api.ask('POST', `${jobPath(id)}/resume`, jobSchema, {});
    if (options.detach !== true) return followJob(api, job, terminal, options.json === true);
    terminal.out(options.json === true ? `${JSON.stringify(job)}\n` : `Job ${id} goes on.\n`);
    return 0;
  },
});

export const cancelJob = defineCommand({
  positionals: ['ID'],
  options: flags,
  details: 'What it has found stays.',
  examples: [
    {
      line: 'framelog jobs cancel 0b9f1c1e-6a39-4a53-8a5b-0d6f8f4f5a10',
      what: 'The id is in framelog jobs list.',
    },
  ],
  async run(options, [id = ''], terminal) {
    const api = ApiClient.of(options, terminal);
    const job = await api.ask('POST', `${jobPath(id)}/cancel`, jobSchema, {});
    terminal.out(options.json === true ? `${JSON.stringify(job)}\n` : endText(job));
    return 0;
  },
});

function listText(jobs: readonly Job[]): string {
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    job.stream,
    job.settings.model,
    `${new Date(job.fromMs).toISOString()} to ${new Date(job.toMs).toISOString()}`,
    `${progressText(job)}${job.message === undefined ? '' : `: ${job.message}`}`,
  ]);
  return table([['id', 'state', 'stream', 'model', 'range', 'progress'], ...rows]);
}
