/** Years 1970 to 9999: what ISO 8601 writes with four digits. */
const MAX_EPOCH_MS = 253_402_300_799_999;

/** Reads `2026-03-01T12:00:00Z` (a zone is required) or epoch milliseconds; `undefined` for anything else. */
export function parseInstant(text: string): number | undefined {
  if (/^\d{1,15}(\.\d{1,6})?$/.test(text)) return inRange(Number(text));
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  return inRange(Date.parse(text));
}

function inRange(ms: number): number | undefined {
  return ms >= 0 && ms <= MAX_EPOCH_MS ? ms : undefined;
}
