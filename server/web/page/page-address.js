/** What the page shows, in its address: `#stream=front-door&t=2026-03-01T12:00:00.000Z`, so that a moment can be linked. */

/**
 * @typedef {{ stream: string | undefined, atMs: number | undefined }} Place
 * `atMs`: the moment to replay; live when there is none.
 */

/**
 * @param {string} hash
 * @returns {Place}
 */
export function parsePlace(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  const time = Date.parse(values.get('t') ?? '');
  return { stream: values.get('stream') || undefined, atMs: Number.isNaN(time) ? undefined : time };
}

/** @param {Place} place */
export function formatPlace({ stream, atMs }) {
  if (stream === undefined) return '';
  const values = new URLSearchParams({ stream });
  if (atMs !== undefined) values.set('t', new Date(atMs).toISOString());
  // Colons need no escape in a fragment, and the time is for people to read.
  return `#${values.toString().replaceAll('%3A', ':')}`;
}
