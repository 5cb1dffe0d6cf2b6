/**
 * Between the player's seconds and the time that the camera told: each segment of the playlist carries the wall clock
 * of its first frame (EXT-X-PROGRAM-DATE-TIME).
 */

/** @typedef {{ start: number, duration: number, programDateTime: number | null }} DatedSegment */

/**
 * Wall clock, epoch ms, of a position in seconds; `undefined` when no segment says.
 * @param {readonly DatedSegment[]} segments in order
 * @param {number} seconds
 */
export function epochAt(segments, seconds) {
  const dated = segments.filter(isDated);
  // Half a millisecond: positions come back from the media element rounded.
  const covering = dated.findLast(({ start }) => start <= seconds + 0.0005) ?? dated[0];
  if (covering === undefined) return undefined;
  return covering.programDateTime + (seconds - covering.start) * 1000;
}

/**
 * Position in seconds of a wall clock time: inside the segment that covers it, else at the start of the next one (the time lies in a gap) or
 * at the end of the last.
 * @param {readonly DatedSegment[]} segments in order
 * @param {number} epochMs
 */
export function secondsAt(segments, epochMs) {
  const dated = segments.filter(isDated);
  const first = dated[0];
  if (first === undefined) return undefined;
  for (const { start, duration, programDateTime } of dated) {
    if (epochMs < programDateTime) return start;
    const offset = (epochMs - programDateTime) / 1000;
    if (offset < duration) return start + offset;
  }
  const last = dated[dated.length - 1] ?? first;
  return last.start + last.duration;
}

/**
 * Is this instant in the playlist?
 * @param {readonly DatedSegment[]} segments
 * @param {number} epochMs
 */
export function covers(segments, epochMs) {
  return segments
    .filter(isDated)
    .some(
      ({ duration, programDateTime }) =>
        epochMs >= programDateTime && epochMs < programDateTime + duration * 1000,
    );
}

/**
 * @param {DatedSegment} segment
 * @returns {segment is DatedSegment & { programDateTime: number }}
 */
function isDated(segment) {
  return segment.programDateTime !== null;
}
