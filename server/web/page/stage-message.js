import { ago, codecName, dateTime } from './format.js';

/** What stands over the picture when there is none to look at. */

/**
 * @typedef {{ mode: import('./player.js').Mode, status: import('./player.js').Status, hasPicture: boolean,
 *   isStreamLive: boolean, codec: string | undefined, lastMs: number | undefined, nowMs: number }} Scene
 * `lastMs`: when the last recorded picture was taken.
 * @typedef {{ text: string, action?: 'last-minute' | 'live' }} StageMessage
 */

/**
 * @param {Scene} scene
 * @returns {StageMessage | undefined} nothing when the picture speaks for itself
 */
export function stageMessage({ mode, status, hasPicture, isStreamLive, codec, lastMs, nowMs }) {
  if (mode !== 'idle' && status === 'unsupported') {
    return {
      text: `This browser cannot play ${codec ? codecName(codec) : 'this codec'}. It is recorded all the same.`,
    };
  }
  if (mode !== 'replay' && !isStreamLive) {
    if (lastMs === undefined) return { text: 'The camera is offline. Nothing is recorded of it.' };
    const text = `The camera is offline. Last picture ${ago(lastMs, nowMs)}, ${dateTime(lastMs)}.`;
    return { text, action: 'last-minute' };
  }
  if (mode === 'idle') return undefined;
  switch (status) {
    case 'reconnecting':
      return { text: 'The connection was lost. Trying again…' };
    case 'nothing':
      if (mode === 'live') return { text: 'Waiting for the first picture…' };
      return isStreamLive
        ? { text: 'Nothing is recorded here.', action: 'live' }
        : { text: 'Nothing is recorded here.' };
    case 'ended':
      return { text: 'The recording ends here.' };
    case 'loading':
      return hasPicture ? undefined : { text: 'Loading…' };
    case 'ready':
    case 'unsupported':
      return undefined;
  }
}
