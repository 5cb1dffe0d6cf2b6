import Hls from './hls.mjs';
import { covers, epochAt, secondsAt } from './media-clock.js';

/**
 * The video element with hls.js behind it. Two ways to play: `live` follows the camera, `replay` shows the recording from
 * an instant on. Each start makes a new hls.js; the last frame stays on the screen until the next one is there.
 */

/**
 * @typedef {'idle' | 'live' | 'replay'} Mode
 * @typedef {'loading' | 'ready' | 'ended' | 'nothing' | 'reconnecting' | 'unsupported'} Status
 * `nothing`: no media at this address now.
 */

/** Before the wanted instant, so that a few steps back need no new playlist. */
const LEAD_MS = 15_000;
/** One archive playlist; the next follows when it has been played. */
const ARCHIVE_MS = 10 * 60_000;
/** What is younger than this is played from a playlist that goes on to the live edge. */
const DVR_MS = 10 * 60_000;
/** Playing a little faster makes up for less than this; further behind its target, live playback jumps. */
const MAX_LIVE_LAG_S = 1.5;
const LAG_CHECK_MS = 1000;
/** Checks in a row that must find it so: right after a start the end of the playlist moves in steps. */
const LAG_CHECKS = 3;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

const COMMON = {
  // The worker would need a blob: script, and fMP4 leaves it nothing to do.
  enableWorker: false,
  backBufferLength: 60,
};

const LIVE = {
  ...COMMON,
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: 1.5,
  // The default, 1 s more for each stall, makes one hiccup cost a second of latency for the rest of the day.
  liveSyncOnStallIncrease: 0.25,
  maxBufferLength: 10,
};

/**
 * How far behind the end of the playlist live playback aims, as a part of PART-HOLD-BACK (three parts): the server asks for a
 * distance that any network can keep; we keep two and a half parts, and fall back a little at each stall.
 */
const HOLD_BACK_PART = 5 / 6;

const REPLAY = { ...COMMON, lowLatencyMode: false, autoStartLoad: false, maxBufferLength: 20 };

/** Events: `change` (mode, status, pause, sound), `frame` (another frame is on the screen), `end` (a replay was played to its end; detail: epoch ms of the end). */
export class Player extends EventTarget {
  /** @type {Mode} */
  mode = 'idle';
  /** @type {Status} */
  status = 'loading';
  /** @type {string | undefined} */
  stream;
  /** Times that live playback ran dry since it began. */
  stalls = 0;
  /** From the last call of `replay` to the first frame of it on the screen; `undefined` while there is none. */
  /** @type {number | undefined} */
  replayStartMs;

  #video;
  #held;
  #now;
  /** @type {Hls | undefined} */
  #hls;
  /** Wall clock of that frame, or of the instant that was asked for while there is none. */
  /** @type {number | undefined} */
  #shownMs;
  #hasFrame = false;
  #startedAt = 0;
  #failures = 0;
  #mediaErrors = 0;
  #lateChecks = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** The user has paused; a pause by the browser is not meant. */
  #isPaused = false;
  /** Live playback was paused: it goes on from the frame that is shown. */
  #isLiveHeld = false;
  #isStreamLive = () => false;

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLCanvasElement} held covers the video with its last frame while the next source loads
   * @param {() => number} now epoch ms by the server's clock
   */
  constructor(video, held, now) {
    super();
    this.#video = video;
    this.#held = held;
    this.#now = now;
    video.addEventListener('waiting', () => this.#onWaiting());
    video.addEventListener('ended', () => this.#onEnded());
    video.addEventListener('seeked', () => this.#onSeeked());
    for (const event of ['play', 'pause', 'volumechange'])
      video.addEventListener(event, () => this.#changed());
    setInterval(() => this.#checkLag(), LAG_CHECK_MS);
    this.#followFrames();
  }

  /** Epoch ms of the frame on the screen. */
  get shownMs() {
    return this.#shownMs;
  }

  /** Time since the shown frame was taken; `undefined` when none is shown. */
  get latencyMs() {
    return this.#hasFrame && this.#shownMs !== undefined ? this.#now() - this.#shownMs : undefined;
  }

  /** Frames arrive and are shown. */
  get isPlaying() {
    return this.#hasFrame && this.status === 'ready' && !this.#video.paused && this.#video.readyState >= 3;
  }

  get isPaused() {
    return this.#isPaused;
  }

  get isMuted() {
    return this.#video.muted;
  }

  toggleMuted() {
    this.#video.muted = !this.#video.muted;
  }

  /**
   * Follows the camera.
   * @param {string} stream
   */
  playLive(stream) {
    this.#isPaused = false;
    this.#shownMs = undefined;
    this.stalls = 0;
    const hls = this.#begin('live', stream, LIVE);
    let partHoldBack = 0;
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => {
      if (details.partHoldBack === partHoldBack || details.partHoldBack === 0) return;
      partHoldBack = details.partHoldBack;
      hls.targetLatency = partHoldBack * HOLD_BACK_PART;
    });
    hls.loadSource(`${playRoot(stream)}/live.m3u8`);
  }

  /**
   * Shows the recording from an instant on.
   * @param {string} stream
   * @param {number} atMs epoch ms
   * @param {{ isStreamLive: () => boolean, stayPaused?: boolean }} options `isStreamLive`: media is being added at the end
   */
  replay(stream, atMs, { isStreamLive, stayPaused = false }) {
    this.#isStreamLive = isStreamLive;
    this.#isPaused = stayPaused;
    const { segments } = this;
    const startedAt = performance.now();
    if (
      this.mode === 'replay' &&
      this.stream === stream &&
      this.status !== 'nothing' &&
      covers(segments, atMs)
    ) {
      this.#seek(secondsAt(segments, atMs) ?? 0, atMs, startedAt);
      return;
    }
    const hls = this.#begin('replay', stream, REPLAY);
    this.#startedAt = startedAt;
    this.#shownMs = atMs;
    hls.once(Hls.Events.LEVEL_LOADED, (_event, { details }) => {
      hls.startLoad(secondsAt(details.fragments, atMs) ?? 0);
    });
    const fromMs = Math.floor(atMs - LEAD_MS);
    const isRecent = isStreamLive() && this.#now() - atMs < DVR_MS;
    hls.loadSource(
      isRecent
        ? `${playRoot(stream)}/dvr.m3u8?start=${fromMs}`
        : `${playRoot(stream)}/archive.m3u8?start=${fromMs}&end=${Math.ceil(atMs + ARCHIVE_MS)}`,
    );
  }

  pause() {
    this.#isPaused = true;
    this.#isLiveHeld = this.mode === 'live';
    this.#video.pause();
    this.#changed();
  }

  /** Goes on; what was paused live goes on from the frame where it stopped. */
  resume() {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (
      this.#isLiveHeld &&
      this.mode === 'live' &&
      this.stream !== undefined &&
      this.#shownMs !== undefined
    ) {
      this.replay(this.stream, this.#shownMs, { isStreamLive: () => true });
    } else {
      this.#play();
    }
    this.#changed();
  }

  /** Lets everything go: nothing is shown. */
  stop() {
    this.#end();
    this.mode = 'idle';
    this.stream = undefined;
    this.#shownMs = undefined;
    this.#held.hidden = true;
    this.#changed();
  }

  /** The playlist that is loaded. */
  get segments() {
    return this.#hls?.latestLevelDetails?.fragments ?? [];
  }

  /**
   * @param {Mode} mode
   * @param {string} stream
   * @param {Partial<import('hls.js').HlsConfig>} config
   */
  #begin(mode, stream, config) {
    const isSameStream = this.stream === stream;
    this.#holdFrame(isSameStream);
    this.#end();
    this.mode = mode;
    this.stream = stream;
    this.#isLiveHeld = false;
    this.#mediaErrors = 0;
    this.replayStartMs = undefined;
    const hls = new Hls(config);
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_event, data) => this.#onError(data));
    hls.attachMedia(this.#video);
    if (!this.#isPaused) this.#play();
    this.#setStatus('loading');
    return hls;
  }

  #end() {
    clearTimeout(this.#retry);
    this.#hasFrame = false;
    this.#hls?.destroy();
    this.#hls = undefined;
  }

  /**
   * @param {number} seconds
   * @param {number} atMs
   * @param {number} startedAt
   */
  #seek(seconds, atMs, startedAt) {
    this.#hasFrame = false;
    this.#startedAt = startedAt;
    this.#shownMs = atMs;
    this.replayStartMs = undefined;
    this.#video.currentTime = seconds;
    this.#setStatus('loading');
    if (this.#isPaused) this.#video.pause();
    else this.#play();
  }

  #play() {
    this.#video.play().catch((error) => {
      // AbortError: another source was loaded meanwhile. NotAllowedError: the browser wants a click first.
      if (error.name !== 'NotAllowedError') return;
      this.#isPaused = true;
      this.#changed();
    });
  }

  /** Calls back for each frame that reaches the screen; its time is exact, which `currentTime` is not. */
  #followFrames() {
    this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
      // While it seeks, what comes is the frame from before.
      if (this.#hls !== undefined && !this.#video.seeking) this.#onFrame(mediaTime);
      this.#followFrames();
    });
  }

  /** @param {number} mediaTime */
  #onFrame(mediaTime) {
    const shownMs = epochAt(this.segments, mediaTime);
    if (shownMs === undefined) return;
    this.#shownMs = shownMs;
    if (!this.#hasFrame) {
      this.#hasFrame = true;
      this.#failures = 0;
      this.#held.hidden = true;
      if (this.mode === 'replay') this.replayStartMs = performance.now() - this.#startedAt;
      this.#setStatus('ready');
    }
    this.dispatchEvent(new Event('frame'));
  }

  /** A paused video calls back for one frame only, and perhaps while it still says that it seeks. */
  #onSeeked() {
    if (this.#hls !== undefined && this.#video.paused) this.#onFrame(this.#video.currentTime);
  }

  #onWaiting() {
    const { seeking, paused } = this.#video;
    if (this.mode === 'live' && this.#hasFrame && !seeking && !paused) this.stalls += 1;
  }

  /** A playlist was played to its end: `end` (detail: epoch ms) asks for what comes next. */
  #onEnded() {
    const last = this.segments.at(-1);
    this.#setStatus('ended');
    if (this.mode !== 'replay' || last?.programDateTime == null) return;
    this.dispatchEvent(new CustomEvent('end', { detail: last.programDateTime + last.duration * 1000 }));
  }

  /**
   * Far behind: a tab that slept, or a camera that came back, whose playlist begins with what it sent before. Told from the end
   * of the playlist, since the camera's clock may be wrong.
   */
  #checkLag() {
    const hls = this.#hls;
    if (hls === undefined || this.mode !== 'live' || !this.isPlaying) return;
    const { latency, targetLatency, liveSyncPosition } = hls;
    const isLate = targetLatency !== null && latency > targetLatency + MAX_LIVE_LAG_S;
    this.#lateChecks = isLate ? this.#lateChecks + 1 : 0;
    if (this.#lateChecks < LAG_CHECKS || liveSyncPosition === null) return;
    this.#lateChecks = 0;
    this.#video.currentTime = liveSyncPosition;
  }

  /** @param {import('hls.js').ErrorData} data */
  #onError(data) {
    const hls = this.#hls;
    if (!data.fatal || hls === undefined) return;
    if (isCodecError(data)) {
      this.#end();
      this.#setStatus('unsupported');
      return;
    }
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.#mediaErrors === 0) {
      this.#mediaErrors += 1;
      hls.recoverMediaError();
      return;
    }
    const { stream, mode } = this;
    const atMs = this.#shownMs;
    this.#holdFrame(true);
    this.#end();
    const isNothing = data.response?.code === 404 || data.response?.code === 410;
    this.#setStatus(isNothing ? 'nothing' : 'reconnecting');
    // What was not recorded will never be; a camera may yet begin.
    if (isNothing && mode === 'replay') return;
    const delayMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      if (stream === undefined) return;
      if (mode === 'replay' && atMs !== undefined) {
        this.replay(stream, atMs, { isStreamLive: this.#isStreamLive, stayPaused: this.#isPaused });
      } else {
        this.playLive(stream);
      }
    }, delayMs);
  }

  /**
   * Keeps the picture while the next source loads; another stream starts from black.
   * @param {boolean} isSameStream
   */
  #holdFrame(isSameStream) {
    const { videoWidth, videoHeight } = this.#video;
    if (!isSameStream) this.#held.hidden = true;
    if (!isSameStream || !this.#hasFrame || videoWidth === 0) return;
    this.#held.width = videoWidth;
    this.#held.height = videoHeight;
    this.#held.getContext('2d')?.drawImage(this.#video, 0, 0);
    this.#held.hidden = false;
  }

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {import('hls.js').ErrorData} data */
function isCodecError({ details }) {
  return (
    details === Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR ||
    details === Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR ||
    details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR
  );
}

/** @param {string} stream */
const playRoot = (stream) => `/play/${encodeURIComponent(stream)}`;
