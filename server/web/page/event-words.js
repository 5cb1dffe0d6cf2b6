/** What events say, in words. */

/** @typedef {import('./api.js').DetectionEvent} DetectionEvent */

/** @param {string} text */
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** @param {number} ms */
const seconds = (ms) => `${Math.round(ms / 1000)} s`;

/**
 * One line on an event.
 * @param {DetectionEvent} event
 */
export function eventWords({ type, phase, label = 'object', zone, line, direction, dwellMs, face, camera }) {
  const who = capital(label);
  switch (type) {
    case 'object':
      return phase === 'leave' ? `${who} left` : who;
    case 'zone':
      return phase === 'leave' ? `${who} left ${zone}` : `${who} in ${zone}`;
    case 'line':
      return `${who} crossed ${line}, ${direction === 'left-to-right' ? 'left to right' : 'right to left'}`;
    case 'dwell':
      return `${who} stayed in ${zone} for ${seconds(dwellMs ?? 0)}`;
    case 'face':
      return face?.result === 'known' ? (face.person ?? 'Known face') : 'Unknown face';
    case 'camera':
      return capital(camera?.message || `detection ${camera?.state ?? 'changed'}`);
  }
}

/**
 * How many of what, from most to least: `2 person, 1 vehicle`.
 * @param {Readonly<Record<string, number>>} counts
 */
export function countWords(counts) {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([group, count]) => `${count} ${group}`)
    .join(', ');
}

/**
 * @param {readonly { label: string }[]} sightings
 * @returns {Record<string, number>}
 */
export function countLabels(sightings) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { label } of sightings) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
