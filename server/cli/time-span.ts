/** Spans of time as people write them: `30m`, `12h`, `30d`, `2w`, `1y`. */

const HOUR_MS = 3_600_000;
const UNITS_MS = {
  m: 60_000,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
  y: 365 * 24 * HOUR_MS,
} as const;

/** In milliseconds; `undefined` for anything else. */
export function parseSpanMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,6})([mhdwy])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
