/** The arithmetic of the time line: instants, pixels and the marks between them. */

/** @typedef {{ fromMs: number, toMs: number, widthPx: number }} Scale */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS_MS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];

const MIN_MARK_PX = 76;

/**
 * @param {Scale} scale
 * @param {number} atMs
 */
export const xOf = ({ fromMs, toMs, widthPx }, atMs) => ((atMs - fromMs) / (toMs - fromMs)) * widthPx;

/**
 * @param {Scale} scale
 * @param {number} xPx
 */
export const timeOf = ({ fromMs, toMs, widthPx }, xPx) => fromMs + (xPx / widthPx) * (toMs - fromMs);

/**
 * Round instants that are far enough apart to be labelled, in local time.
 * @param {Scale} scale
 * @param {(atMs: number) => number} offsetMinutesAt as Date.getTimezoneOffset tells it
 */
export function marks(scale, offsetMinutesAt) {
  const { fromMs, toMs, widthPx } = scale;
  const wantedMs = ((toMs - fromMs) * MIN_MARK_PX) / Math.max(1, widthPx);
  const stepMs = STEPS_MS.find((step) => step >= wantedMs) ?? 7 * DAY;
  const found = [];
  const offsetMs = offsetMinutesAt(fromMs) * MINUTE;
  for (let localMs = Math.ceil((fromMs - offsetMs) / stepMs) * stepMs; ; localMs += stepMs) {
    const atMs = localMs + offsetMs;
    if (atMs > toMs) break;
    // Across a change of the clocks the marks stay on round local times.
    found.push(atMs + (offsetMinutesAt(atMs) * MINUTE - offsetMs));
  }
  return { stepMs, atMs: found };
}

/**
 * Recorded stretches as pixel columns: what lies closer than a pixel is drawn as one.
 * @param {Scale} scale
 * @param {readonly { startMs: number, endMs: number }[]} ranges in time order
 */
export function columns(scale, ranges) {
  /** @type {{ fromPx: number, toPx: number }[]} */
  const found = [];
  for (const { startMs, endMs } of ranges) {
    if (endMs <= scale.fromMs || startMs >= scale.toMs) continue;
    const fromPx = Math.max(0, xOf(scale, startMs));
    const toPx = Math.min(scale.widthPx, Math.max(xOf(scale, endMs), fromPx + 1));
    const last = found.at(-1);
    // Gaps shorter than a pixel cannot be drawn; longer ones always show.
    if (last !== undefined && fromPx - last.toPx < 1) last.toPx = Math.max(last.toPx, toPx);
    else found.push({ fromPx, toPx });
  }
  return found;
}

/** No bar is thinner: it has to be seen. */
const MIN_BAR_PX = 2;

/**
 * How long a bin is when about so many fit into a span: its bars can be told apart.
 * @param {number} spanMs
 * @param {number} widthPx
 */
export const binLength = (spanMs, widthPx) => Math.max(SECOND, Math.ceil(spanMs / Math.max(50, widthPx / 4)));

/**
 * Counts as bars; `part` of the full height grows with the logarithm: one is seen, and a hundred still more than fifty.
 * @param {Scale} scale
 * @param {{ binMs: number, bins: readonly { startMs: number, counts: Readonly<Record<string, number>> }[] }} seen
 */
export function bars(scale, { binMs, bins }) {
  const found = [];
  for (const { startMs, counts } of bins) {
    if (startMs + binMs <= scale.fromMs || startMs >= scale.toMs) continue;
    const count = Object.values(counts).reduce((sum, each) => sum + each, 0);
    if (count === 0) continue;
    const fromPx = xOf(scale, startMs);
    const toPx = Math.max(xOf(scale, startMs + binMs), fromPx + MIN_BAR_PX);
    found.push({ fromPx, toPx, part: Math.min(1, 0.3 + Math.log10(count) * 0.35) });
  }
  return found;
}
