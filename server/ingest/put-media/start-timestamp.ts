/** The C producer's `<sec>.<ms>` and plain seconds. */
const SECONDS = /^(\d{1,12})(?:\.(\d{0,9}))?$/;
/** Seconds as Java prints large doubles: `1.678912146652E9`. */
const SCIENTIFIC = /^\d\.\d{1,17}E\d{1,2}$/;
/** What a Date can hold. */
const MAX_DATE_MS = 8.64e15;

/**
 * Reads `x-amzn-producer-start-timestamp` as epoch ms; `undefined` for what is no time. The C producer prints the milliseconds
 * without padding: `.5` is 5 ms (kvs.md §2.1), and so are one and two digits read. With three digits that is the usual meaning;
 * more are a decimal fraction. Dates as AWS SDKs write them (RFC 822, ISO 8601) are taken, too.
 */
export function parseStartTimestamp(text: string): number | undefined {
  const trimmed = text.trim();
  const ms = millisOf(trimmed);
  return Number.isFinite(ms) && ms >= 0 && ms <= MAX_DATE_MS ? ms : undefined;
}

function millisOf(text: string): number {
  const match = SECONDS.exec(text);
  if (match !== null) {
    const [, seconds = '', fraction = ''] = match;
    const millis = fraction.length <= 3 ? Number(fraction) : Number(`0.${fraction}`) * 1000;
    return Number(seconds) * 1000 + millis;
  }
  if (SCIENTIFIC.test(text)) return Math.round(Number(text) * 1e6) / 1000;
  return /^[A-Z][a-z]{2}, |^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
}
