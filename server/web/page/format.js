/** Facts in words. */

const CODEC_NAMES = new Map([
  ['h264', 'H.264'],
  ['h265', 'H.265'],
  ['av1', 'AV1'],
  ['vp9', 'VP9'],
  ['vp8', 'VP8'],
  ['aac', 'AAC'],
  ['opus', 'Opus'],
  ['mp3', 'MP3'],
  ['flac', 'FLAC'],
  ['ac3', 'AC-3'],
  ['pcmu', 'G.711 µ-law'],
  ['pcma', 'G.711 A-law'],
]);

/** @param {string} codec */
export const codecName = (codec) => CODEC_NAMES.get(codec) ?? codec;

/** @param {number} bitsPerSecond */
export function bitrate(bitsPerSecond) {
  return bitsPerSecond >= 1e6
    ? `${(bitsPerSecond / 1e6).toFixed(1)} Mb/s`
    : `${Math.round(bitsPerSecond / 1e3)} kb/s`;
}

/** @param {number} bytes */
export function byteSize(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param {number} fps */
export const frameRate = (fps) => `${Number(fps.toFixed(fps < 10 ? 1 : 0))} fps`;

/** @param {number} ms */
export function latency(ms) {
  if (Math.abs(ms) < 60_000) return `${(ms / 1000).toFixed(1)} s behind`;
  return `${Math.round(ms / 60_000)} min behind`;
}

/**
 * How long ago, roughly.
 * @param {number} thenMs
 * @param {number} nowMs
 */
export function ago(thenMs, nowMs) {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000));
  if (seconds < 10) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** @param {number} value @param {number} [length] */
const digits = (value, length = 2) => String(value).padStart(length, '0');

/**
 * `14:03:27`, with tenths where asked for.
 * @param {number} epochMs
 * @param {{ tenths?: boolean }} [options]
 */
export function timeOfDay(epochMs, { tenths = false } = {}) {
  const date = new Date(epochMs);
  const text = `${digits(date.getHours())}:${digits(date.getMinutes())}:${digits(date.getSeconds())}`;
  return tenths ? `${text}.${Math.floor(date.getMilliseconds() / 100)}` : text;
}

const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

/** @param {number} epochMs */
export const day = (epochMs) => DAY.format(epochMs);

/**
 * Day and time.
 * @param {number} epochMs
 * @param {{ tenths?: boolean }} [options]
 */
export const dateTime = (epochMs, options) => `${day(epochMs)}, ${timeOfDay(epochMs, options)}`;
