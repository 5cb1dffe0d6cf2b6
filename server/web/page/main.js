import * as api from './api.js';
import { byId, element, setText } from './dom.js';
import { ago, bitrate, byteSize, codecName, dateTime, day, frameRate, latency, timeOfDay } from './format.js';
import { formatPlace, parsePlace } from './page-address.js';
import { Player } from './player.js';
import { ServerClock } from './server-clock.js';
import { copyText, showSetup } from './setup.js';
import { StreamList } from './stream-list.js';
import { Timeline } from './timeline.js';

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
/** A click this near to now means the live picture. */
const LIVE_CLICK_MS = 3000;

const clock = new ServerClock();
const now = () => clock.now();
const stage = byId('stage', HTMLElement);
const player = new Player(byId('video', HTMLVideoElement), byId('held-frame', HTMLCanvasElement), now);
const timeline = new Timeline(byId('timeline', HTMLElement), now);
const streamList = new StreamList(byId('stream-list', HTMLElement), byId('filter', HTMLInputElement), now);
const controls = /** @type {HTMLElement} */ (document.querySelector('.controls'));
const stageAction = byId('stage-action', HTMLButtonElement);

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
/** @type {() => void} */
let onStageAction = () => {};

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
    document.title = `${name} · Framelog`;
  }
  streamList.show(streams, chosen);
  if (atMs === undefined) goLive();
  else replay(atMs);
  void loadRecorded();
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
  const atMs = nearestRecorded(wantedMs);
  player.replay(chosen, atMs, { isStreamLive, stayPaused });
  timeline.setShown(atMs);
  timeline.reveal(atMs);
  setAddress(atMs);
  render();
}

/**
 * The instant itself when it is recorded or nothing is known of its surroundings; else the start of the next stretch.
 * @param {number} wantedMs
 */
function nearestRecorded(wantedMs) {
  const { fromMs } = timeline.view;
  if (wantedMs < fromMs) return wantedMs;
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
    if (error instanceof api.ApiError && error.status === 401) showSignIn();
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
  byId('sign-in', HTMLElement).hidden = true;
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

function showSignIn() {
  session = undefined;
  player.stop();
  chosen = undefined;
  for (const id of ['viewer', 'empty', 'add-camera', 'sign-out']) byId(id, HTMLElement).hidden = true;
  setNotice('');
  const reason = location.pathname === '/login' ? 'This login link was used before, or has expired.' : '';
  setText(byId('sign-in-reason', HTMLElement), reason);
  // The link's token has no business in the address any more.
  if (location.pathname === '/login') history.replaceState(null, '', '/');
  byId('sign-in', HTMLElement).hidden = false;
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
  renderFacts();
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
  const [text, action, onAction] = stageMessage();
  byId('stage-message', HTMLElement).hidden = text === '';
  setText(byId('stage-text', HTMLElement), text);
  stageAction.hidden = action === '';
  setText(stageAction, action);
  onStageAction = onAction;
}

/** @returns {[text: string, action: string, onAction: () => void]} */
function stageMessage() {
  const none = () => {};
  const { mode, status } = player;
  const stream = chosenStream();
  if (status === 'unsupported' && mode !== 'idle') {
    const codec = stream?.live?.video?.codec;
    return [
      `This browser cannot play ${codec ? codecName(codec) : 'this codec'}. The recording goes on.`,
      '',
      none,
    ];
  }
  if (mode !== 'replay' && stream !== undefined && !isStreamLive()) {
    const lastMs = recorded?.endMs ?? stream.live?.lastFragmentMs ?? undefined;
    if (lastMs === undefined) return ['The camera is offline. Nothing was recorded yet.', '', none];
    const text = `The camera is offline. Last picture ${ago(lastMs, now())}, ${dateTime(lastMs)}.`;
    return [text, 'Watch the last minute', () => replay(Math.max(recorded?.startMs ?? 0, lastMs - 60_000))];
  }
  if (mode === 'idle') return ['', '', none];
  if (status === 'reconnecting') return ['The connection was lost. Trying again…', '', none];
  if (status === 'nothing') {
    if (mode === 'live') return ['Waiting for the first picture…', '', none];
    return ['Nothing is recorded here.', isStreamLive() ? 'Back to live' : '', goLive];
  }
  if (status === 'ended') return ['The recording ends here.', '', none];
  if (status === 'loading' && player.mode === 'live' && player.shownMs === undefined)
    return ['Loading…', '', none];
  return ['', '', none];
}

function renderFacts() {
  const stream = chosenStream();
  const live = stream?.live;
  /** @type {[string, string][]} */
  const facts = [];
  if (live?.isLive) {
    if (live.video) {
      const { codec, width, height } = live.video;
      facts.push([
        'Video',
        `${codecName(codec)}${width && height ? `, ${width} × ${height}` : ''}, ${frameRate(live.videoFps)}`,
      ]);
    }
    if (live.audio) {
      const { codec, sampleRateHz } = live.audio;
      facts.push(['Audio', `${codecName(codec)}${sampleRateHz ? `, ${sampleRateHz / 1000} kHz` : ''}`]);
    }
    facts.push(['Bit rate', bitrate(live.bitrateBps)], ['Viewers', String(live.viewers)]);
  }
  if (recorded !== null) {
    facts.push(['Recorded since', dateTime(recorded.startMs)], ['On disk', byteSize(recorded.sizeBytes)]);
  }
  if (stream !== undefined) {
    const { retentionHours } = stream;
    facts.push(['Kept for', retentionHours === null ? 'until space is needed' : `${retentionHours} h`]);
  }
  const list = byId('facts', HTMLElement);
  const text = JSON.stringify(facts);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
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
onClick('stage-action', () => onStageAction());
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
  if (await ask(api.signOut)) showSignIn();
});
for (const button of document.querySelectorAll('[data-span-ms]')) {
  button.addEventListener('click', () => timeline.zoomTo(Number(button.getAttribute('data-span-ms'))));
}
byId('video', HTMLVideoElement).addEventListener('click', togglePlay);

byId('sign-in-form', HTMLFormElement).addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = byId('sign-in-form', HTMLFormElement);
  const error = byId('sign-in-error', HTMLElement);
  error.textContent = '';
  try {
    await api.signIn(String(new FormData(form).get('secret')));
  } catch (failure) {
    if (!(failure instanceof api.ApiError || failure instanceof api.UnreachableError)) throw failure;
    error.textContent =
      failure instanceof api.ApiError && failure.status === 401 ? 'No key has this secret.' : failure.message;
    return;
  }
  form.reset();
  await start();
});

function toggleFullscreen() {
  if (document.fullscreenElement !== null) void document.exitFullscreen();
  else void stage.requestFullscreen();
}

/** @type {Record<string, () => void>} */
const KEYS = {
  ' ': togglePlay,
  k: togglePlay,
  ArrowLeft: () => step(-STEP_MS),
  ArrowRight: () => step(STEP_MS),
  l: goLive,
  m: () => player.toggleMuted(),
  f: toggleFullscreen,
};

document.addEventListener('keydown', (event) => {
  const { target, key } = event;
  const action = KEYS[key];
  if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]') !== null || byId('viewer', HTMLElement).hidden) return;
  if (target instanceof HTMLElement && target.matches('input, textarea, select')) return;
  // On a button the space bar means the button.
  if (key === ' ' && target instanceof HTMLButtonElement) return;
  event.preventDefault();
  action();
});

streamList.addEventListener('choose', (event) => choose(/** @type {CustomEvent<string>} */ (event).detail));
timeline.addEventListener('pick', (event) => replay(/** @type {CustomEvent<number>} */ (event).detail));
timeline.addEventListener('view', () => {
  render();
  clearTimeout(rangesDue);
  rangesDue = setTimeout(loadRecorded, 120);
});
player.addEventListener('change', render);
player.addEventListener('continue', (event) => replay(/** @type {CustomEvent<number>} */ (event).detail));
window.addEventListener('hashchange', () => {
  const { stream, atMs } = parsePlace(location.hash);
  if (stream !== undefined && streams.some(({ name }) => name === stream)) choose(stream, atMs);
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let rangesDue;
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

/** For tests and the curious: what the player measures, read-only. */
Object.defineProperty(window, 'framelog', {
  value: Object.freeze({
    get stream() {
      return player.stream;
    },
    get mode() {
      return player.mode;
    },
    get status() {
      return player.status;
    },
    get isPlaying() {
      return player.isPlaying;
    },
    get shownMs() {
      return player.shownMs;
    },
    get latencyMs() {
      return player.latencyMs;
    },
    get stalls() {
      return player.stalls;
    },
    get replayStartMs() {
      return player.replayStartMs;
    },
  }),
});
