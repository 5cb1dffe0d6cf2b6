import { parseInstant } from '../http/instant.ts';
import { ApiClient, apiFlags } from './api-client.ts';
import { defineCommand } from './command.ts';
import { followJob } from './follow-job.ts';
import { jobSchema } from './job-text.ts';
import { parseSpanMs } from './time-span.ts';
import { UsageError } from './usage-error.ts';

export const detect = defineCommand({
  positionals: ['STREAM'],
  options: {
    from: { type: 'string', value: 'WHEN', help: 'First instant: 2h (ago), 3d, 2026-03-01T12:00:00Z.' },
    to: { type: 'string', value: 'WHEN', help: 'Last instant (now).' },
    model: { type: 'string', value: 'NAME', help: "Model, see framelog models list (the stream's own)." },
    tier: {
      type: 'string',
      value: 'TIER',
      help: "Frames to look at: keyframes, or fps:N for N a second (the stream's own, else keyframes).",
    },
    'min-score': { type: 'string', value: 'SCORE', help: "Weakest detection, 0 to 1 (the model's own)." },
    label: {
      type: 'string',
      multiple: true,
      value: 'LABEL',
      help: 'Only this label or group; may be given again.',
    },
    beside: {
      type: 'boolean',
      help: "Keep the same model's earlier results; without it they are replaced at the end.",
    },
    detach: { type: 'boolean', help: 'Start it and return; see framelog jobs.' },
    json: { type: 'boolean', help: 'Answer in JSON.' },
    ...apiFlags,
  },
  details:
    'The running server looks through what is recorded, behind everything live. Events are kept and delivered as live ones are,\n' +
    "marked as the job's. Ctrl-C breaks it off; it can go on later where it was.",
  examples: [
    { line: 'framelog detect front-door --from 24h', what: 'The last day, key frame by key frame.' },
    {
      line: 'framelog detect yard --from 2026-03-01T12:00:00Z --to 2026-03-01T13:00:00Z --tier fps:2',
      what: 'An hour, two frames a second.',
    },
    {
      line: 'framelog detect yard --from 7d --model my-boats --label boat --detach',
      what: 'A model of your own, in the background.',
    },
  ],
  async run(options, [stream = ''], terminal) {
    const nowMs = Date.now();
    const settings = {
      ...(options.model === undefined ? {} : { model: options.model }),
      ...(options.tier === undefined ? {} : { tier: options.tier }),
      ...(options['min-score'] === undefined ? {} : { minScore: scoreOf(options['min-score']) }),
      ...(options.label === undefined ? {} : { labels: options.label }),
    };
    const wish = {
      stream,
      ...(options.from === undefined ? {} : { from: pastInstant('--from', options.from, nowMs) }),
      ...(options.to === undefined ? {} : { to: pastInstant('--to', options.to, nowMs) }),
      settings,
      replaces: options.beside !== true,
    };
    const api = ApiClient.of(options, terminal);
    const job = await api.ask('POST', '/api/detection-jobs', jobSchema, wish);
    if (options.detach !== true) return followJob(api, job, terminal, options.json === true);
    terminal.out(
      options.json === true
        ? `${JSON.stringify(job)}\n`
        : `Job ${job.id} is started. framelog jobs list tells how far it is.\n`,
    );
    return 0;
  },
});

function scoreOf(text: string): number {
  const score = Number(text);
  if (text !== '' && score >= 0 && score <= 1) return score;
  throw new UsageError(`--min-score must be a number from 0 to 1, not ${text}`);
}

function pastInstant(flag: string, text: string, nowMs: number): number {
  const spanMs = parseSpanMs(text);
  const atMs = spanMs === undefined ? parseInstant(text) : nowMs - spanMs;
  if (atMs !== undefined) return atMs;
  throw new UsageError(`${flag} must be like 30m, 24h, 7d (ago) or 2026-03-01T12:00:00Z, not ${text}`);
}
