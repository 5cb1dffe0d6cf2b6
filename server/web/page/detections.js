import * as api from './api.js';
import { BoxOverlay } from './box-overlay.js';
import { BoxTracks } from './box-tracks.js';
import { showDetectionSettings } from './detection-settings.js';
import { byId, setText } from './dom.js';
import { EventList } from './event-list.js';
import { countLabels, countWords } from './event-words.js';
import { latency } from './format.js';
import { recall, remember } from './memory.js';
import { ReplayedEvents } from './replayed-events.js';

/** What is detected in the chosen stream: boxes over the picture, the list of events, and how it is watched. */

/** @typedef {import('./api.js').DetectionEvent} DetectionEvent */

const POLL_MS = 10_000;
/** Events come in flocks. */
const SETTLE_MS = 400;
const BOXES_KEY = 'framelog.boxes';

/** Events: `pick` (detail: epoch ms), `seen` (something was detected). */
export class Detections extends EventTarget {
  #player;
  #tracks = new BoxTracks();
  #overlay;
  #list = new EventList(
    byId('event-list', HTMLElement),
    byId('more-events', HTMLButtonElement),
    byId('events-note', HTMLElement),
  );
  #replayed;
  /** @type {string | undefined} */
  #stream;
  #isStreamLive = false;
  #isAdmin = false;
  #areBoxesOn = recall(BOXES_KEY) !== 'off';
  /** @type {api.Detection | undefined} */
  #detection;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /**
   * @param {import('./player.js').Player} player
   * @param {() => number} now epoch ms
   */
  constructor(player, now) {
    super();
    this.#player = player;
    this.#overlay = new BoxOverlay(byId('boxes', HTMLCanvasElement), byId('video', HTMLVideoElement));
    this.#replayed = new ReplayedEvents((events) => this.#addEvents(events), now);
    this.#list.addEventListener('pick', (event) => {
      const { detail } = /** @type {CustomEvent<number>} */ (event);
      this.dispatchEvent(new CustomEvent('pick', { detail }));
    });
    this.#list.addEventListener('change', () => this.#render());
    player.addEventListener('frame', () => this.#draw());
    player.addEventListener('change', () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(byId('stage', HTMLElement));
    document.addEventListener('visibilitychange', () => this.#follow());
    byId('show-boxes', HTMLElement).addEventListener('click', () => this.toggleBoxes());
    byId('detection', HTMLElement).addEventListener('click', () => this.#openSettings());
    setInterval(() => {
      if (!document.hidden) void this.#load();
    }, POLL_MS);
    this.#render();
  }

  /**
   * @param {string | undefined} stream
   * @param {{ isLive: boolean, isAdmin: boolean }} facts
   */
  choose(stream, { isLive, isAdmin }) {
    const isSame = stream === this.#stream && isLive === this.#isStreamLive && isAdmin === this.#isAdmin;
    if (isSame) return;
    if (stream !== this.#stream) {
      this.#tracks.clear();
      this.#replayed.forget();
      this.#detection = undefined;
    }
    this.#stream = stream;
    this.#isStreamLive = isLive;
    this.#isAdmin = isAdmin;
    this.#list.choose(stream);
    this.#follow();
    void this.#load();
    this.#render();
    this.#draw();
  }

  toggleBoxes() {
    this.#areBoxesOn = !this.#areBoxesOn;
    remember(BOXES_KEY, this.#areBoxesOn ? 'on' : 'off');
    this.#follow();
    this.#render();
    this.#draw();
  }

  get #isWatched() {
    return this.#detection !== undefined && this.#detection.settings.tier !== 'off';
  }

  /** Looks how it is watched, and what has happened. */
  async #load() {
    const stream = this.#stream;
    if (stream === undefined) return;
    void this.#list.refresh();
    try {
      const detection = await api.getDetection(stream);
      if (stream !== this.#stream) return;
      this.#detection = detection;
      this.#follow();
      this.#render();
    } catch (error) {
      // The page says elsewhere that the server is away, or what is not allowed.
      if (!(error instanceof api.ApiError || error instanceof api.UnreachableError)) throw error;
    }
  }

  /** Holds a connection for live results only while they are to be seen: browsers give a server few of them. */
  #follow() {
    const stream = this.#stream;
    const isWanted = stream !== undefined && this.#isStreamLive && this.#isWatched && !document.hidden;
    if (!isWanted || this.#source?.url.includes(`/${encodeURIComponent(stream)}/`) === false) {
      this.#source?.close();
      this.#source = undefined;
    }
    if (!isWanted || this.#source !== undefined) return;
    const source = api.followDetections(stream);
    source.addEventListener('result', ({ data }) => {
      if (source === this.#source) this.#onResult(JSON.parse(data));
    });
    source.addEventListener('error', () => {
      // The browser comes back by itself, but not after a refusal: the next look at how it is watched tries again.
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#source = undefined;
    });
    this.#source = source;
  }

  /** @param {api.DetectionResult} result */
  #onResult({ frame, objects, events }) {
    const sightings = objects.filter(({ isConfirmed }) => isConfirmed);
    this.#tracks.addLook(frame.producerMs, sightings);
    this.#draw();
    if (events.length === 0) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      void this.#list.refresh();
      this.dispatchEvent(new Event('seen'));
    }, SETTLE_MS);
  }

  /** @param {readonly DetectionEvent[]} events */
  #addEvents(events) {
    for (const { trackId, label, score, box, producerMs, phase, watch } of events) {
      if (trackId === undefined || label === undefined || box === undefined || watch.startsWith('processor:'))
        continue;
      this.#tracks.addEvent(
        producerMs,
        { trackId, label, score: score ?? 0, box },
        { isLast: phase === 'leave' },
      );
    }
    this.#draw();
  }

  #draw() {
    const { shownMs, mode } = this.#player;
    const stream = this.#stream;
    if (stream === undefined || shownMs === undefined || mode === 'idle') {
      this.#overlay.show([]);
      setText(byId('seen-now', HTMLElement), '');
      return;
    }
    if (mode === 'replay') this.#replayed.want(stream, shownMs);
    const sightings = this.#tracks.at(shownMs);
    this.#overlay.show(this.#areBoxesOn ? sightings : []);
    setText(byId('seen-now', HTMLElement), countWords(countLabels(sightings)));
    this.#list.setShown(shownMs);
  }

  #render() {
    const button = byId('show-boxes', HTMLElement);
    button.setAttribute('aria-pressed', String(this.#areBoxesOn));
    // Beside the picture when there is something to show, or to come; else the picture has the room.
    byId('viewer', HTMLElement).classList.toggle('has-events', this.#isWatched || this.#list.hasEvents);
    byId('detection', HTMLElement).hidden = !this.#isAdmin || this.#detection === undefined;
    setText(
      byId('detection-status', HTMLElement),
      this.#detection === undefined ? '' : statusWords(this.#detection),
    );
  }

  #openSettings() {
    const stream = this.#stream;
    if (stream === undefined || this.#detection === undefined) return;
    showDetectionSettings(stream, this.#detection, (saved) => {
      if (stream !== this.#stream) return;
      this.#detection = saved;
      this.#follow();
      this.#render();
    });
  }
}

/**
 * How a stream is watched, in words.
 * @param {api.Detection} detection
 */
export function statusWords({ settings, status }) {
  if (settings.tier === 'off') return 'Detection is off.';
  if (status === null) return 'Waits for the camera.';
  if (status.state !== 'watching') return status.message || status.state;
  const pace =
    status.tier === 'keyframes' ? 'key frames' : `${status.tier.replace('fps:', '')} frames a second`;
  return `Looks at ${pace}${status.lagMs === null ? '' : `, ${latency(status.lagMs)}`}.`;
}
