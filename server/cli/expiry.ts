import { parseInstant } from '../http/instant.ts';
import { parseSpanMs } from './time-span.ts';
import { UsageError } from './usage-error.ts';

/** Reads when something expires: from now on (`12h`, `30d`, `1y`), a day (`2027-01-31`, UTC), or an instant. Throws UsageError. */
export function parseExpiry(text: string, nowMs: number): number {
  const spanMs = parseSpanMs(text);
  const expiresMs =
    spanMs === undefined
      ? parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
      : nowMs + spanMs;
  if (expiresMs === undefined) {
    throw new UsageError(`--expires must be like 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z, not ${text}`);
  }
  if (expiresMs <= nowMs) throw new UsageError(`--expires ${text} is in the past`);
  return expiresMs;
}
