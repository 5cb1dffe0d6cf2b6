import { element } from './dom.js';
import { bitrate, byteSize, codecName, dateTime, frameRate } from './format.js';

/** The facts of a stream below the time line. */

/**
 * @param {import('./api.js').Stream} stream
 * @param {import('./api.js').Recorded | null} recorded
 * @returns {[name: string, value: string][]}
 */
export function streamFacts({ live, retentionHours }, recorded) {
  /** @type {[string, string][]} */
  const facts = [];
  if (live?.isLive) {
    const { video, audio } = live;
    if (video) {
      const size = video.width && video.height ? `, ${video.width} × ${video.height}` : '';
      facts.push(['Video', `${codecName(video.codec)}${size}, ${frameRate(live.videoFps)}`]);
    }
    if (audio) {
      const rate = audio.sampleRateHz ? `, ${audio.sampleRateHz / 1000} kHz` : '';
      facts.push(['Audio', `${codecName(audio.codec)}${rate}`]);
    }
    facts.push(['Bit rate', bitrate(live.bitrateBps)], ['Viewers', String(live.viewers)]);
  }
  if (recorded !== null) {
    facts.push(['Recorded since', dateTime(recorded.startMs)], ['On disk', byteSize(recorded.sizeBytes)]);
  }
  facts.push(['Kept for', retentionHours === null ? 'until space is needed' : `${retentionHours} h`]);
  return facts;
}

/**
 * Shows the facts; touches nothing when they are the same as before.
 * @param {HTMLElement} list a `dl`
 * @param {[name: string, value: string][]} facts
 */
export function showFacts(list, facts) {
  const text = JSON.stringify(facts);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}
