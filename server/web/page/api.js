/** The REST API as the page uses it. Shapes: /api/openapi.json. */

/**
 * @typedef {{ id: number, kind: 'video' | 'audio' | 'data', codec: string, codecString: string, width: number | null,
 *   height: number | null, sampleRateHz: number | null, channels: number | null }} Track
 * @typedef {{ isLive: boolean, bitrateBps: number, videoFps: number, viewers: number, lastFragmentMs: number | null,
 *   video: Track | null, audio: Track | null }} LiveSummary
 * @typedef {{ name: string, retentionHours: number | null, live: LiveSummary | null }} Stream
 * @typedef {{ startMs: number, endMs: number, sizeBytes: number }} RecordedRange
 * @typedef {{ startMs: number, endMs: number, sizeBytes: number }} Recorded
 * @typedef {{ name: string, polygon: readonly (readonly [number, number])[] }} Zone
 * @typedef {{ tier: string, model: string, labels: string[] | null, motionGate: boolean, zones: Zone[] }} DetectionSettings
 * @typedef {{ state: 'watching' | 'degraded' | 'quarantined' | 'failed', message: string, tier: string,
 *   lagMs: number | null }} DetectionStatus
 * @typedef {{ settings: DetectionSettings, isDefault: boolean, status: DetectionStatus | null }} Detection
 * @typedef {readonly [left: number, top: number, width: number, height: number]} Box fractions of the picture
 * @typedef {{ id: string, type: 'object' | 'zone' | 'line' | 'dwell' | 'face' | 'camera', phase?: 'enter' | 'update' | 'leave',
 *   producerMs: number, label?: string, group?: string, score?: number, box?: Box, trackId?: string, zones?: string[],
 *   zone?: string, line?: string, direction?: string, dwellMs?: number, thumbnail?: string, watch: string,
 *   face?: { result: 'known' | 'unknown', person?: string }, camera?: { state: string, message: string } }} DetectionEvent
 * @typedef {{ frame: { producerMs: number }, skipped: string | null, events: string[],
 *   objects: { trackId: string, label: string, score: number, box: Box, isConfirmed: boolean }[] }} DetectionResult
 * @typedef {{ startMs: number, counts: Record<string, number> }} EventBin
 * @typedef {{ principal: { kind: string, id: string }, isAdmin: boolean, nowMs: number, version: string,
 *   publishUrl: string }} Session
 */

/** The server refused; `code` is for programs, the message for people. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** The server could not be reached. */
export class UnreachableError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super('The server does not answer.', { cause });
    this.name = 'UnreachableError';
  }
}

/**
 * @param {string} path
 * @param {{ method?: string, json?: object }} [options]
 * @returns {Promise<any>}
 */
async function request(path, { method = 'GET', json } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method,
      ...(json === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }),
    });
  } catch (error) {
    throw new UnreachableError(error);
  }
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer;
  const { code = 'unknown', message = `The server answered ${response.status}.` } = answer?.error ?? {};
  throw new ApiError(response.status, code, message);
}

/** @param {string} stream */
const streamPath = (stream) => `/api/streams/${encodeURIComponent(stream)}`;

/** @returns {Promise<Session>} */
export const getSession = () => request('/api/session');

/** @param {string} secret */
export const signIn = (secret) => request('/api/session', { method: 'POST', json: { secret } });

export const signOut = () => request('/api/session', { method: 'DELETE' });

/**
 * All streams, page after page.
 * @returns {Promise<Stream[]>}
 */
export async function listStreams() {
  /** @type {Stream[]} */
  const streams = [];
  for (let after = ''; ; ) {
    const page = await request(`/api/streams?limit=1000${after && `&after=${encodeURIComponent(after)}`}`);
    streams.push(...page.streams);
    if (page.next === null) return streams;
    after = page.next;
  }
}

/**
 * @param {string} stream
 * @returns {Promise<Stream & { recorded: Recorded | null }>}
 */
export const describeStream = (stream) => request(streamPath(stream));

/**
 * @param {string} stream
 * @param {number} fromMs
 * @param {number} toMs
 * @returns {Promise<{ ranges: RecordedRange[] }>}
 */
export const getRanges = (stream, fromMs, toMs) =>
  request(`${streamPath(stream)}/ranges?from=${Math.max(0, Math.floor(fromMs))}&to=${Math.ceil(toMs)}`);

/**
 * Start of the first recording at or after an instant; `undefined` when there is none.
 * @param {string} stream
 * @param {number} atMs
 * @returns {Promise<number | undefined>}
 */
export async function nextRecordedMs(stream, atMs) {
  const { fragments } = await request(`${streamPath(stream)}/fragments?from=${Math.ceil(atMs)}&limit=1`);
  return fragments[0]?.producerMs;
}

/** @param {string} name */
export const createStream = (name) => request('/api/streams', { method: 'POST', json: { name } });

/**
 * A key that may publish one stream; its secret is in this answer only.
 * @param {string} stream
 * @returns {Promise<{ id: string, secret: string }>}
 */
export const createPublishKey = (stream) =>
  request('/api/keys', {
    method: 'POST',
    json: { name: `camera ${stream}`, rights: [{ action: 'publish', stream }] },
  });

/**
 * @param {string} stream
 * @returns {Promise<Detection>}
 */
export const getDetection = (stream) => request(`${streamPath(stream)}/detection`);

/**
 * What is not named stays as it is.
 * @param {string} stream
 * @param {Partial<DetectionSettings>} changes
 * @returns {Promise<Detection>}
 */
export const changeDetection = (stream, changes) =>
  request(`${streamPath(stream)}/detection`, { method: 'PATCH', json: changes });

/**
 * Follows what is seen in each frame that is looked at.
 * @param {string} stream
 */
export const followDetections = (stream) => new EventSource(`${streamPath(stream)}/detections`);

/**
 * One page of events.
 * @param {string} stream
 * @param {{ types: readonly string[], phase?: string, fromMs?: number, toMs?: number, order?: 'newest' | 'oldest',
 *   limit: number }} wish
 * @returns {Promise<DetectionEvent[]>}
 */
export async function listEvents(stream, { types, phase, fromMs, toMs, order = 'newest', limit }) {
  const query = new URLSearchParams({ stream, order, limit: String(limit) });
  for (const type of types) query.append('type', type);
  if (phase !== undefined) query.set('phase', phase);
  if (fromMs !== undefined) query.set('from', String(Math.max(0, Math.floor(fromMs))));
  if (toMs !== undefined) query.set('to', String(Math.ceil(toMs)));
  const { events } = await request(`/api/events?${query}`);
  return events;
}

/**
 * Objects that entered, by time and group.
 * @param {string} stream
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} binMs
 * @returns {Promise<{ binMs: number, bins: EventBin[] }>}
 */
export function countEvents(stream, fromMs, toMs, binMs) {
  const query = new URLSearchParams({
    stream,
    from: String(Math.max(0, Math.floor(fromMs))),
    to: String(Math.ceil(toMs)),
    bin: String(Math.round(binMs)),
  });
  return request(`/api/events/counts?${query}`);
}
