import { z } from 'zod';
import { EVENT_PHASES, EVENT_TYPES } from '../../ml/events/detection-event.ts';

const MAX_NAMES = 100;
const names = z.array(z.string().min(1).max(256)).min(1).max(MAX_NAMES);

/** Which events a webhook is told of; what is absent lets all through. */
export const webhookFilterSchema = z.strictObject({
  /** Names, or patterns with `*`. */
  streams: names.exactOptional(),
  types: z.array(z.enum(EVENT_TYPES)).min(1).max(EVENT_TYPES.length).exactOptional(),
  /** Lets events through that have no phase. */
  phases: z.array(z.enum(EVENT_PHASES)).min(1).max(EVENT_PHASES.length).exactOptional(),
  /** Labels or groups. Lets events through that are about no object. */
  labels: names.exactOptional(),
  /** Zones in which the object is, or that the event is about. */
  zones: names.exactOptional(),
  /** Lets events through that have no score. */
  minScore: z.number().min(0).max(1).exactOptional(),
  /** Also what jobs find in archives. */
  archive: z.boolean().exactOptional(),
});

export type WebhookFilter = z.output<typeof webhookFilterSchema>;

const webhookSchema = z.strictObject({
  name: z.string(),
  createdMs: z.number(),
  /** May hold a user and a password. */
  url: z.string(),
  /** `whsec_` and base64, in clear: it signs. The catalog file has mode 0600. */
  secret: z.string(),
  filter: webhookFilterSchema,
  /** Why nothing is delivered any more: the receiver has said that it is gone for good. */
  offReason: z.string().nullable(),
});

export type WebhookRecord = z.output<typeof webhookSchema>;

/** Reads a stored webhook. Throws ZodError. */
export function parseWebhook(document: unknown): WebhookRecord {
  return webhookSchema.parse(document);
}

/** Webhooks that are told of detection events; durable before a method answers. */
export interface WebhookCatalog {
  /** In name order. Throws CatalogError `damaged` for what cannot be read, as `get` does. */
  list(): WebhookRecord[];
  get(name: string): WebhookRecord | undefined;
  /** Throws CatalogError `already-exists`. */
  insert(webhook: WebhookRecord): void;
  /** Replaces the one of its name. Throws CatalogError `not-found`. */
  update(webhook: WebhookRecord): void;
  /** Answers false when there was none. */
  remove(name: string): boolean;
}
