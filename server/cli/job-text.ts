import { z } from 'zod';

/** A detection job as the API tells it. */
export const jobSchema = z.object({
  id: z.string(),
  stream: z.string(),
  createdMs: z.number(),
  fromMs: z.number(),
  toMs: z.number(),
  settings: z.object({ model: z.string(), tier: z.string() }),
  state: z.string(),
  message: z.string().optional(),
  progress: z.object({
    atMs: z.number(),
    fragments: z.number(),
    frames: z.number(),
    events: z.number(),
  }),
});

export type Job = z.output<typeof jobSchema>;

export function jobPath(id: string): string {
  return `/api/detection-jobs/${encodeURIComponent(id)}`;
}

export function isEnded({ state }: Job): boolean {
  return state === 'done' || state === 'cancelled' || state === 'failed';
}

/** How far it has come: `37 %, 120 frames, 14 events`. */
export function progressText({ fromMs, toMs, state, progress }: Job): string {
  const share = state === 'done' ? 1 : (progress.atMs - fromMs) / Math.max(1, toMs - fromMs);
  const percent = Math.min(100, Math.max(0, Math.floor(share * 100)));
  return `${percent} %, ${progress.frames} frames, ${progress.events} events`;
}

/** What became of it, for people. */
export function endText(job: Job): string {
  const { id, state, message } = job;
  const why = message === undefined ? '' : `: ${message}`;
  const hint = state === 'done' ? '' : ` It goes on with: framelog jobs resume ${id}`;
  return `Job ${id} ${state}${why}. ${progressText(job)}.${hint}\n`;
}
