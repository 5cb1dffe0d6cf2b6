import * as api from './api.js';
import { Detections } from './detections.js';
import { byId, setText } from './dom.js';
import { dateTime, day, latency, timeOfDay } from './format.js';
import { formatPlace, parsePlace } from './page-address.js';
import { Player } from './player.js';
import { ServerClock } from './server-clock.js';
import { copyText, showSetup } from './setup.js';
import { listenToShortcuts } from './shortcuts.js';
import { listenToSignIn, showSignIn } from './sign-in.js';
import { stageMessage } from './stage-message.js';
import { showFacts, streamFacts } from './stream-facts.js';
import { StreamList } from './stream-list.js';
import { Timeline } from './timeline.js';
import { binLength } from './timeline-scale.js';

/** Puts the page together: what the server says, what the user does, what the player shows. */

/**
 * @typedef {import('./api.js').Stream} Stream
 * @typedef {import('./api.js').Session} Session
 */

const POLL_MS = 2000;
const HIDDEN_POLL_MS = 15_000;
const SESSION_MS = 60_000;
/** How often the recorded stretches are asked for while the time line stands still. */
const RANGES_MS = 5000;
const STEP_MS = 5000;
const LAST_MS = 60_000;
/** Into the frame, so that a rounding does not show the one before it. */
const INTO_FRAME_MS = 2;
/** A click this near to now means the live picture. */
const LIVE_CLICK_MS = 3000;

const clock = new ServerClock();
const now = () => clock.now();
const stage = byId('stage', HTMLElement);
const player = new Player(byId('video', HTMLVideoElement), byId('held-frame', HTMLCanvasElement), now);
const timeline = new Timeline(byId('timeline', HTMLElement), now);
const streamList = new StreamList(byId('stream-list', HTMLElement), byId('filter', HTMLInputElement), now);
const detections = new Detections(player, now);
const controls = /** @type {HTMLElement} */ (document.querySelector('.controls'));

/** @type {Session | undefined} */
let session;
/** @type {readonly Stream[]} */
let streams = [];
/** @type {string | undefined} */
let chosen;
/** @type {import('./api.js').Recorded | null} */
let recorded = null;
/** @type {readonly import('./api.js').RecordedRange[]} */
let ranges = [];
let wasLive = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let rangesDue;

const chosenStream = () => streams.find(({ name }) => name === chosen);
const isStreamLive = () => chosenStream()?.live?.isLive === true;

// ——— What is shown ———

/**
 * @param {string} name
 * @param {number} [atMs] replay from there; live otherwise
 */
function choose(name, atMs) {
  if (chosen !== name) {
    chosen = name;
    ranges = [];
    recorded = null;
    wasLive = isStreamLive();
    timeline.setRanges([], false);
    timeline.setSeen({ binMs: 1, bins: [] });
    document.title = `${name} · Framelog`;
  }
  streamList.show(streams, chosen);
  showDetections();
  if (atMs === undefined) goLive();
  else replay(atMs);
  void loadRecorded();
}

function showDetections() {
  detections.choose(chosen, { isLive: isStreamLive(), isAdmin: session?.isAdmin === true });
}

function goLive() {
  if (chosen === undefined) return;
  timeline.showNow();
  if (isStreamLive()) player.playLive(chosen);
  else player.stop();
  setAddress(undefined);
  render();
}

/**
 * Replays from an instant; from the next recorded one when nothing is recorded there.
 * @param {number} wantedMs
 * @param {{ stayPaused?: boolean }} [options]
 */
function replay(wantedMs, { stayPaused = false } = {}) {
  if (chosen === undefined) return;
  if (wantedMs > now() - LIVE_CLICK_MS && isStreamLive()) {
    goLive();
    return;
  }
  replayFrom(nearestRecorded(wantedMs), { stayPaused });
}

/**
 * @param {number} atMs
 * @param {{ stayPaused: boolean }} options
 */
function replayFrom(atMs, { stayPaused }) {
  if (chosen === undefined) return;
  player.replay(chosen, atMs, { isStreamLive, stayPaused });
  timeline.setShown(atMs);
  timeline.reveal(atMs);
  setAddress(atMs);
  render();
}

/**
 * A replay has come to the end of its playlist: on with what was recorded after it, or with the live picture.
 * @param {number} endMs
 */
async function goOnAfter(endMs) {
  const name = chosen;
  if (name === undefined) return;
  await ask(async () => {
    // The last fragment's end may lie a rounding behind its playlist's.
    const nextMs = await api.nextRecordedMs(name, endMs + 1);
    if (name !== chosen || player.mode !== 'replay') return;
    if (nextMs !== undefined) replay(Math.max(nextMs, endMs + 1));
    else if (isStreamLive()) goLive();
  });
}

/**
 * The instant itself when it is recorded or nothing is known of its surroundings; else the start of the next stretch.
 * @param {number} wantedMs
 */
function nearestRecorded(wantedMs) {
  const { fromMs, toMs } = timeline.view;
  if (wantedMs < fromMs || wantedMs > toMs) return wantedMs;
  const next = ranges.find(({ endMs }) => endMs > wantedMs);
  if (next !== undefined) return Math.max(wantedMs, next.startMs);
  const last = ranges.at(-1);
  if (last === undefined || isStreamLive()) return wantedMs;
  // After the end of everything: its last seconds.
  return Math.max(last.startMs, last.endMs - STEP_MS);
}

/** @param {number} stepMs */
function step(stepMs) {
  const shownMs = player.shownMs;
  if (shownMs === undefined) return;
  replay(shownMs + stepMs, { stayPaused: player.isPaused });
}

function togglePlay() {
  if (player.mode === 'idle') return;
  if (player.isPaused) {
    player.resume();
  } else {
    player.pause();
    setAddress(player.shownMs);
  }
}

/** @param {number | undefined} atMs */
function setAddress(atMs) {
  history.replaceState(null, '', formatPlace({ stream: chosen, atMs }) || location.pathname);
}

// ——— What the server says ———

/** Fetches what `load` fetches; tells the user when that fails. Answers whether it went well. */
async function ask(/** @type {() => Promise<void>} */ load) {
  try {
    await load();
    setNotice('');
    return true;
  } catch (error) {
    if (error instanceof api.ApiError && error.status === 401) leave();
    else if (error instanceof api.ApiError || error instanceof api.UnreachableError) {
      setNotice(error instanceof api.UnreachableError ? `${error.message} Trying again…` : error.message);
    } else throw error;
    return false;
  }
}

async function loadSession() {
  const sentMs = Date.now();
  session = await api.getSession();
  clock.observe(session.nowMs, sentMs, Date.now());
}

async function loadStreams() {
  streams = await api.listStreams();
  if (chosen !== undefined && chosenStream() === undefined) {
    chosen = undefined;
    player.stop();
  }
  if (chosen === undefined) {
    const place = parsePlace(location.hash);
    const first =
      streams.find(({ name }) => name === place.stream) ??
      streams.find(({ live }) => live?.isLive) ??
      streams[0];
    if (first !== undefined) choose(first.name, first.name === place.stream ? place.atMs : undefined);
  }
  followLiveState();
  showDetections();
  showView();
  streamList.show(streams, chosen);
  render();
}

/** The camera came back, or went: the live view follows. */
function followLiveState() {
  const isLive = isStreamLive();
  if (isLive && !wasLive && chosen !== undefined && player.mode !== 'replay') player.playLive(chosen);
  wasLive = isLive;
}

async function loadRecorded() {
  const name = chosen;
  if (name === undefined) return;
  const { fromMs, toMs } = timeline.view;
  await ask(async () => {
    const [description, answer] = await Promise.all([
      api.describeStream(name),
      api.getRanges(name, fromMs, toMs),
    ]);
    if (name !== chosen) return;
    recorded = description.recorded;
    ranges = answer.ranges;
    timeline.setRanges(ranges, isStreamLive() && timeline.followsNow);
    render();
  });
  await loadSeen(name, fromMs, toMs);
}

/**
 * What was detected in the time that is shown. Who may not see all of it is shown none: that is nothing to be told of.
 * @param {string} name
 * @param {number} fromMs
 * @param {number} toMs
 */
async function loadSeen(name, fromMs, toMs) {
  try {
    const binMs = binLength(toMs - fromMs, byId('timeline', HTMLElement).clientWidth);
    const seen = await api.countEvents(name, fromMs, toMs, binMs);
    if (name === chosen) timeline.setSeen(seen);
  } catch (error) {
    if (!(error instanceof api.ApiError || error instanceof api.UnreachableError)) throw error;
  }
}

async function poll() {
  if (session !== undefined) await ask(loadStreams);
  setTimeout(poll, document.hidden ? HIDDEN_POLL_MS : POLL_MS);
}

async function start() {
  if (!(await ask(loadSession))) {
    if (session === undefined && byId('sign-in', HTMLElement).hidden) setTimeout(start, POLL_MS);
    return;
  }
  byId('sign-out', HTMLElement).hidden = session?.principal.kind !== 'session';
  await ask(loadStreams);
}

// ——— What the page says ———

function showView() {
  const isEmpty = streams.length === 0;
  const wasHidden = byId('empty', HTMLElement).hidden;
  byId('empty', HTMLElement).hidden = !isEmpty;
  byId('viewer', HTMLElement).hidden = isEmpty;
  byId('add-camera', HTMLElement).hidden = isEmpty;
  if (isEmpty && wasHidden && session !== undefined) showSetup(byId('empty-setup', HTMLElement), session);
}

function leave() {
  session = undefined;
  chosen = undefined;
  player.stop();
  showDetections();
  for (const id of ['viewer', 'empty', 'add-camera', 'sign-out']) byId(id, HTMLElement).hidden = true;
  setNotice('');
  showSignIn();
}

/** @param {string} text */
function setNotice(text) {
  setText(byId('notice', HTMLElement), text);
}

/** Brings everything that stands beside the picture up to date. */
function render() {
  const { mode, status } = player;
  const badge = byId('mode-badge', HTMLElement);
  const isAtLive = mode === 'live' && !player.isPaused;
  setText(badge, modeLabel());
  badge.classList.toggle('is-live', isAtLive && status === 'ready');
  byId('to-live', HTMLElement).hidden = isAtLive || !isStreamLive();
  controls.classList.toggle('is-paused', player.isPaused);
  controls.classList.toggle('is-playing', !player.isPaused);
  controls.classList.toggle('is-muted', player.isMuted);
  controls.classList.toggle('is-loud', !player.isMuted);
  byId('play', HTMLElement).setAttribute('aria-label', player.isPaused ? 'Play' : 'Pause');
  byId('mute', HTMLElement).setAttribute('aria-pressed', String(!player.isMuted));
  for (const id of ['play', 'back-5', 'forward-5', 'copy-link']) {
    byId(id, HTMLButtonElement).disabled = player.shownMs === undefined;
  }
  renderStageMessage();
  renderClock();
  const stream = chosenStream();
  if (stream !== undefined) showFacts(byId('facts', HTMLElement), streamFacts(stream, recorded));
  for (const button of document.querySelectorAll('[data-span-ms]')) {
    button.setAttribute(
      'aria-pressed',
      String(Number(button.getAttribute('data-span-ms')) === timeline.spanMs),
    );
  }
  byId('later', HTMLButtonElement).disabled = timeline.followsNow;
  const { fromMs, toMs } = timeline.view;
  const isOneDay = day(fromMs) === day(toMs);
  const from =
    timeline.spanMs > 2 * 86_400_000 ? day(fromMs) : `${day(fromMs)}, ${timeOfDay(fromMs).slice(0, 5)}`;
  const to = timeline.followsNow ? 'now' : isOneDay ? timeOfDay(toMs).slice(0, 5) : day(toMs);
  setText(byId('timeline-title', HTMLElement), `Recorded ${from} – ${to}`);
}

function modeLabel() {
  const { mode, status } = player;
  if (mode === 'idle' || status === 'unsupported' || status === 'nothing') return '';
  if (mode === 'replay') return 'REPLAY';
  // The last pictures of a camera that has gone are played to their end.
  if (!isStreamLive()) return '';
  return player.isPaused ? 'PAUSED' : 'LIVE';
}

function renderClock() {
  const { shownMs, latencyMs } = player;
  const time = byId('shown-time', HTMLTimeElement);
  setText(time, shownMs === undefined ? '–' : dateTime(shownMs, { tenths: true }));
  time.dateTime = shownMs === undefined ? '' : new Date(shownMs).toISOString();
  const isMeasured = player.mode === 'live' && latencyMs !== undefined;
  setText(byId('latency', HTMLElement), isMeasured ? latency(latencyMs) : '');
}

function renderStageMessage() {
  const stream = chosenStream();
  const message =
    stream &&
    stageMessage({
      mode: player.mode,
      status: player.status,
      hasPicture: player.shownMs !== undefined,
      isStreamLive: isStreamLive(),
      codec: stream.live?.video?.codec,
      lastMs: recorded?.endMs ?? stream.live?.lastFragmentMs ?? undefined,
      nowMs: now(),
    });
  byId('stage-message', HTMLElement).hidden = message === undefined;
  setText(byId('stage-text', HTMLElement), message?.text ?? '');
  const action = byId('stage-action', HTMLElement);
  action.hidden = message?.action === undefined;
  setText(action, message?.action === 'live' ? 'Back to live' : 'Watch the last minute');
  action.dataset.action = message?.action ?? '';
}

function onStageAction() {
  if (byId('stage-action', HTMLElement).dataset.action === 'live') goLive();
  else if (recorded !== null) replay(Math.max(recorded.startMs, recorded.endMs - LAST_MS));
}

// ——— What the user does ———

/** @param {string} id @param {() => void} action */
const onClick = (id, action) => byId(id, HTMLElement).addEventListener('click', action);

onClick('play', togglePlay);
onClick('back-5', () => step(-STEP_MS));
onClick('forward-5', () => step(STEP_MS));
onClick('to-live', goLive);
onClick('mute', () => player.toggleMuted());
onClick('fullscreen', toggleFullscreen);
onClick('stage-action', onStageAction);
onClick('copy-link', () => {
  const link = new URL(formatPlace({ stream: chosen, atMs: player.shownMs }), location.origin);
  void copyText(link.href, byId('copy-link', HTMLElement));
});
onClick('earlier', () => timeline.pan(-0.5));
onClick('later', () => timeline.pan(0.5));
onClick('add-camera', () => {
  if (session === undefined) return;
  showSetup(byId('setup', HTMLElement), session);
  byId('setup-dialog', HTMLDialogElement).showModal();
});
onClick('sign-out', async () => {
  if (await ask(api.signOut)) leave();
});
for (const button of document.querySelectorAll('[data-span-ms]')) {
  button.addEventListener('click', () => timeline.zoomTo(Number(button.getAttribute('data-span-ms'))));
}
byId('video', HTMLVideoElement).addEventListener('click', togglePlay);

listenToSignIn(start);

function toggleFullscreen() {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
  else void stage.requestFullscreen();
}

listenToShortcuts(
  {
    ' ': togglePlay,
    k: togglePlay,
    ArrowLeft: () => step(-STEP_MS),
    ArrowRight: () => step(STEP_MS),
    l: goLive,
    m: () => player.toggleMuted(),
    f: toggleFullscreen,
    b: () => detections.toggleBoxes(),
  },
  () => !byId('viewer', HTMLElement).hidden,
);

streamList.addEventListener('choose', (event) => choose(/** @type {CustomEvent<string>} */ (event).detail));
timeline.addEventListener('pick', (event) => replay(/** @type {CustomEvent<number>} */ (event).detail));
timeline.addEventListener('view', () => {
  render();
  clearTimeout(rangesDue);
  rangesDue = setTimeout(loadRecorded, 120);
});
detections.addEventListener('pick', (event) => {
  const { detail } = /** @type {CustomEvent<number>} */ (event);
  replayFrom(detail + INTO_FRAME_MS, { stayPaused: true });
});
detections.addEventListener('seen', () => void loadRecorded());
player.addEventListener('change', render);
player.addEventListener('end', (event) => void goOnAfter(/** @type {CustomEvent<number>} */ (event).detail));
window.addEventListener('hashchange', () => {
  const { stream, atMs } = parsePlace(location.hash);
  if (stream !== undefined && streams.some(({ name }) => name === stream)) choose(stream, atMs);
});

setInterval(() => {
  renderClock();
  timeline.setShown(player.shownMs);
}, 100);
setInterval(() => {
  if (!document.hidden && session !== undefined) void loadRecorded();
}, RANGES_MS);
setInterval(() => {
  if (session !== undefined) void ask(loadSession);
}, SESSION_MS);
void start();
void poll();

const SHOWN_FACTS = /** @type {const} */ ([
  'stream',
  'mode',
  'status',
  'isPlaying',
  'shownMs',
  'latencyMs',
  'stalls',
  'replayStartMs',
]);

/** For tests and the curious: what the player measures, read-only. */
Object.defineProperty(window, 'framelog', {
  value: Object.freeze(
    Object.defineProperties(
      {},
      Object.fromEntries(SHOWN_FACTS.map((name) => [name, { get: () => player[name], enumerable: true }])),
    ),
  ),
});
