import { z } from 'zod';
import { watchSettingsSchema } from '../../ml/watch/watch-settings.ts';

/** What became of a job. `interrupted`: the server ended; it goes on with the next start. */
export const JOB_STATES = ['waiting', 'running', 'interrupted', 'done', 'cancelled', 'failed'] as const;

const jobSchema = z.strictObject({
  /** UUID. */
  id: z.string(),
  stream: z.string(),
  createdMs: z.number(),
  /** Producer times, epoch ms: frames in `[fromMs, toMs)` are looked at. */
  fromMs: z.number(),
  toMs: z.number(),
  settings: watchSettingsSchema,
  /** At its end, what the same model has said of this range before is deleted. */
  replaces: z.boolean(),
  state: z.enum(JOB_STATES),
  /** Why it failed. */
  message: z.string().exactOptional(),
  endedMs: z.number().exactOptional(),
  progress: z.strictObject({
    /** Everything before is done, producer time. */
    atMs: z.number(),
    fragments: z.number(),
    /** Frames looked at. */
    frames: z.number(),
    events: z.number(),
  }),
});

/** A job that looks back: a detector run over a stretch of a stream's archive. */
export type JobRecord = z.output<typeof jobSchema>;
export type JobState = JobRecord['state'];

/** Reads a stored job. Throws ZodError. */
export function parseJob(document: unknown): JobRecord {
  return jobSchema.parse(document);
}

/** Jobs over archives; durable before a method answers. They go with their stream. */
export interface JobCatalog {
  /** The newest first. Throws CatalogError `damaged` for what cannot be read, as `get` does. */
  list(stream?: string): JobRecord[];
  get(id: string): JobRecord | undefined;
  /** Inserts it, or replaces the one of its id. Throws CatalogError `not-found` for an unknown stream. */
  put(job: JobRecord): void;
  /** Answers false when there was none. */
  remove(id: string): boolean;
}
