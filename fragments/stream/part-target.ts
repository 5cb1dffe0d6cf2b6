/**
 * The part target that a stream's frame duration allows. draft-pantos-hls-rfc8216bis §4.4.4.9: a part's duration "MUST
 * be less than or equal to the Part Target Duration" and, but for the last of its parent and independent ones, at least
 * 85 % of it. Parts are whole frames, so that not every target can be kept: at 24 fps and 200 ms four frames are 83 %,
 * five are too long. The search goes upward from the setting, as gohlslib's does.
 */

const STEP_MS = 5;
const MAX_TARGET_MS = 5000;
const MIN_SHARE = 0.85;
/** Timestamps of steady cameras still wander by their clock's rounding. */
const ROUNDING_SHARE = 0.005;

/** Whether parts of as many frames as fit keep between 85 and 100 % of the target. */
export function isLegalPartTarget(targetMs: number, frameMs: number, jitterMs: number): boolean {
  const slackMs = Math.max(jitterMs, targetMs * ROUNDING_SHARE);
  const frames = Math.floor((targetMs - slackMs) / frameMs);
  return frames * frameMs - slackMs >= MIN_SHARE * targetMs;
}

/**
 * The least target from `settingMs` up, in steps of 5 ms, that frames of `frameMs` can keep, where the length of a few
 * frames varies by `jitterMs`. The frame itself (rounded up) when no target up to 5 s will do.
 */
export function compatiblePartTargetMs(settingMs: number, frameMs: number, jitterMs: number): number {
  for (let targetMs = settingMs; targetMs <= MAX_TARGET_MS; targetMs += STEP_MS) {
    if (isLegalPartTarget(targetMs, frameMs, jitterMs)) return targetMs;
  }
  return Math.max(settingMs, Math.ceil(frameMs / STEP_MS) * STEP_MS);
}
