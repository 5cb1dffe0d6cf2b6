import { parseInstant } from '../http/instant.ts';
import { UsageError } from './usage-error.ts';

const HOUR_MS = 3_600_000;
const UNITS_MS = {
  m: 60_000,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
  y: 365 * 24 * HOUR_MS,
} as const;

/** Reads when something expires: from now on (`12h`, `30d`, `1y`), a day (`2027-01-31`, UTC), or an instant. Throws UsageError. */
export function parseExpiry(text: string, nowMs: number): number {
  const expiresMs =
    durationFrom(text, nowMs) ?? parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (expiresMs === undefined) {
    throw new UsageError(`--expires must be like 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z, not ${text}`);
  }
  if (expiresMs <= nowMs) throw new UsageError(`--expires ${text} is in the past`);
  return expiresMs;
}

function durationFrom(text: string, nowMs: number): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([mhdwy])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return nowMs + Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
