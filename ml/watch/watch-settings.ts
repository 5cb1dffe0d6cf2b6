import { z } from 'zod';

/**
 * How a stream is watched: which frames are looked at, by which model, and what of it is worth an event. Data, set by the
 * operator for each stream (`/api/streams/:name/detection`), by stream processors, and by jobs over the archive.
 */

const MAX_FPS = 30;
const MAX_POINTS = 64;
const MAX_ZONES = 32;
const MAX_LABELS = 128;

const name = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/);
const label = z.string().min(1).max(64);
const score = z.number().min(0).max(1);
const fraction = z.number().min(0).max(1);
const point = z.tuple([fraction, fraction]).readonly();

/** `off`; `keyframes`: what can be decoded alone, about one in two seconds; `fps:n`: n frames a second. */
export const tierSchema = z.string().refine(isTier, {
  error: `tier must be \`off\`, \`keyframes\` or \`fps:n\` with n above 0 up to ${MAX_FPS}`,
});

const zone = z.strictObject({
  name,
  /** Corners in the order of the outline. An object is in it when the middle of its lower edge is. */
  polygon: z.array(point).min(3).max(MAX_POINTS),
  /** Labels or groups that count here; all when absent. */
  labels: z.array(label).max(MAX_LABELS).exactOptional(),
  /** An object that stays this long raises a `dwell` event. */
  dwellSeconds: z.number().min(0.1).max(86_400).exactOptional(),
});

const line = z.strictObject({
  name,
  /** Seen from `from` towards `to`, an object crosses from the left to the right, or from the right to the left. */
  from: point,
  to: point,
  labels: z.array(label).max(MAX_LABELS).exactOptional(),
});

const faces = z.strictObject({
  /**
   * Faces are looked for and compared with the gallery. Biometric data: somebody who may decide so has consented for what this
   * camera sees.
   */
  consent: z.boolean().default(false),
  /** Gallery (collection) of known people. */
  gallery: z.string().min(1).max(255).default('default'),
  /** Cosine similarity from which two faces are taken to be one person's (detection.md §2). */
  minSimilarity: score.default(0.75),
  /** Faces smaller than this tell nobody apart (detection.md §2). */
  minPixels: z.int().min(16).max(2000).default(50),
  /** Every face of every person in every frame that is looked at, not only until it was seen well: 0.1 to 0.2 s each. */
  everyFrame: z.boolean().default(false),
});

/** The model that looks where nothing else is said. */
export const DEFAULT_MODEL = 'centernet';

export const watchSettingsSchema = z.strictObject({
  tier: tierSchema.default('keyframes'),
  /** In the registry of models. */
  model: name.default(DEFAULT_MODEL),
  /** Input size of models that can be re-shaped: `fast`, `balanced`, `far` (small things far away). */
  profile: z.enum(['fast', 'balanced', 'far']).default('balanced'),
  /** Detections from here on begin a track; weaker ones only go on with one. `null`: the model's own. */
  minScore: z.nullable(score).default(null),
  /** Labels or groups that are looked for; `null`: the model's own list. */
  labels: z.nullable(z.array(label).min(1).max(MAX_LABELS)).default(null),
  /** Frames in which nothing moves are not looked at, but for one every `heartbeatSeconds`. */
  motionGate: z.boolean().default(true),
  heartbeatSeconds: z.number().min(1).max(3600).default(5),
  /** Hits after which a track is believed, and raises its `enter`. */
  confirmHits: z.int().min(1).max(100).default(2),
  /** An object that was not seen for this long, and for three looks, has left. */
  timeoutSeconds: z.number().min(0.1).max(3600).default(5),
  /** `update` events of one object are at least this far apart; 0: none. */
  updateSeconds: z.number().min(0).max(3600).default(1),
  zones: z.array(zone).max(MAX_ZONES).refine(haveOwnNames, { error: 'two zones have one name' }).default([]),
  lines: z.array(line).max(MAX_ZONES).refine(haveOwnNames, { error: 'two lines have one name' }).default([]),
  faces: faces.prefault({}),
});

export type WatchSettings = z.output<typeof watchSettingsSchema>;
export type ZoneSettings = z.output<typeof zone>;
export type LineSettings = z.output<typeof line>;
export type FaceSettings = z.output<typeof faces>;

/** A tier taken apart. */
export type Tier =
  | { readonly kind: 'off' | 'keyframes' }
  | { readonly kind: 'fps'; readonly framesPerSecond: number };

/** Reads a tier that the schema has let through. */
export function parseTier(text: string): Tier {
  if (text === 'off' || text === 'keyframes') return { kind: text };
  return { kind: 'fps', framesPerSecond: Number(text.slice('fps:'.length)) };
}

function haveOwnNames(things: readonly { readonly name: string }[]): boolean {
  return new Set(things.map((each) => each.name)).size === things.length;
}

function isTier(text: string): boolean {
  if (text === 'off' || text === 'keyframes') return true;
  const number = /^fps:(\d{1,2}(?:\.\d{1,3})?)$/.exec(text)?.[1];
  return number !== undefined && Number(number) > 0 && Number(number) <= MAX_FPS;
}
