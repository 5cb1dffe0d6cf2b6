import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

/** A player that is not ours, on a page of no origin: all that it may fetch, any page may. */
export type ForeignPlayer = 'hls.js' | 'dash.js' | 'shaka-player';

/** What the page has seen so far. */
export interface Seen {
  /** Pictures that were decoded and shown. */
  readonly pictures: number;
  /** Pictures shown that looked different from all before them. */
  readonly scenes: number;
  readonly currentTime: number;
  readonly duration: number;
  readonly hasAudio: boolean;
  readonly hasEnded: boolean;
  /** What the player or the video element calls an error that ends playback. */
  readonly errors: readonly string[];
}

const PACKAGES = new URL('../../../node_modules/', import.meta.url);
const SCRIPTS: Readonly<Record<ForeignPlayer, string>> = {
  'hls.js': 'hls.js/dist/hls.min.js',
  'dash.js': 'dashjs/dist/modern/umd/dash.all.min.js',
  'shaka-player': 'shaka-player/dist/shaka-player.compiled.js',
};

/** Runs in the page: starts the player and counts pictures. */
const START = `(player, url) => {
  const video = document.querySelector('video');
  const seen = { errors: [], scenes: new Set(), audioTracks: 0 };
  globalThis.seen = seen;
  video.addEventListener('error', () => seen.errors.push('video: ' + video.error?.message));
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const onPicture = () => {
    context.drawImage(video, 0, 0, 64, 36);
    const pixels = context.getImageData(0, 0, 64, 36).data;
    let hash = 0;
    for (let i = 0; i < pixels.length; i += 4) hash = (hash * 31 + pixels[i]) | 0;
    if (seen.scenes.size < 10000) seen.scenes.add(hash);
    video.requestVideoFrameCallback(onPicture);
  };
  video.requestVideoFrameCallback(onPicture);
  const addSourceBuffer = MediaSource.prototype.addSourceBuffer;
  MediaSource.prototype.addSourceBuffer = function (type) {
    if (type.startsWith('audio/') || /mp4a|opus/.test(type)) seen.audioTracks += 1;
    return addSourceBuffer.call(this, type);
  };
  if (player === 'hls.js') {
    const hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_event, data) => {
      if (data.fatal) seen.errors.push('hls.js: ' + data.details + ' ' + (data.error?.message ?? data.reason ?? ''));
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    void video.play().catch(() => {});
  } else if (player === 'dash.js') {
    const dash = dashjs.MediaPlayer().create();
    dash.on('error', (event) => seen.errors.push('dash.js: ' + JSON.stringify(event.error)));
    dash.initialize(video, url, true);
  } else {
    const shakaPlayer = new shaka.Player();
    shakaPlayer.addEventListener('error', (event) => seen.errors.push('shaka: ' + event.detail.code + ' ' + event.detail.message));
    shakaPlayer.attach(video)
      .then(() => shakaPlayer.load(url))
      .then(() => video.play())
      .catch((error) => seen.errors.push('shaka: ' + error.code + ' ' + error.message));
  }
}`;

/** Opens a page that plays a URL; to be closed. */
export async function playIn(browser: Browser, player: ForeignPlayer, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.setContent('<!doctype html><video muted width="640" height="360"></video>');
  await page.addScriptTag({ path: fileURLToPath(new URL(SCRIPTS[player], PACKAGES)) });
  await page.evaluate(`(${START})(${JSON.stringify(player)}, ${JSON.stringify(url)})`);
  return page;
}

/** What has been played. */
export function seenBy(page: Page): Promise<Seen> {
  return page.evaluate(`(() => {
    const video = document.querySelector('video');
    return {
      pictures: video.getVideoPlaybackQuality().totalVideoFrames,
      scenes: seen.scenes.size,
      currentTime: video.currentTime,
      duration: Number.isFinite(video.duration) ? video.duration : 0,
      hasAudio: seen.audioTracks > 0 && (video.webkitAudioDecodedByteCount ?? 0) > 0,
      hasEnded: video.ended,
      errors: seen.errors,
    };
  })()`) as Promise<Seen>;
}
