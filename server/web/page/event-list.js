import * as api from './api.js';
import { element, setText } from './dom.js';
import { eventWords } from './event-words.js';
import { day, timeOfDay } from './format.js';

/** The events of a stream, the newest first, each with the picture of its frame. */

/** @typedef {import('./api.js').DetectionEvent} DetectionEvent */

const PAGE = 30;
/** More are not kept on the page: older ones are found by the time line. */
const MAX_SHOWN = 300;
/** Frames are further apart. */
const SAME_FRAME_MS = 5;
/** What is worth a line: the rest says how it goes on. */
const MOMENTS = ['line', 'dwell', 'face', 'camera'];

/** Events: `pick` (detail: epoch ms of the frame), `change` (there are others). */
export class EventList extends EventTarget {
  #list;
  #more;
  #note;
  /** @type {string | undefined} */
  #stream;
  /** @type {DetectionEvent[]} */
  #events = [];
  /** @type {Map<string, HTMLLIElement>} */
  #rows = new Map();
  #isAtEnd = false;
  /** @type {Promise<void> | undefined} */
  #loading;
  /** @type {string | undefined} */
  #shownId;

  /**
   * @param {HTMLElement} list an `ol`
   * @param {HTMLButtonElement} more loads older ones
   * @param {HTMLElement} note says why there are none
   */
  constructor(list, more, note) {
    super();
    this.#list = list;
    this.#more = more;
    this.#note = note;
    more.addEventListener('click', () => void this.#loadOlder());
  }

  /** @param {string | undefined} stream */
  choose(stream) {
    if (stream === this.#stream) return;
    this.#stream = stream;
    this.#events = [];
    this.#rows.clear();
    this.#shownId = undefined;
    this.#list.replaceChildren();
    this.#isAtEnd = false;
    setText(this.#note, '');
    this.#more.hidden = true;
    if (stream !== undefined) void this.refresh();
  }

  /** Something may have happened. */
  refresh() {
    this.#loading ??= this.#load(undefined).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** @param {number | undefined} shownMs marks what is on the screen */
  setShown(shownMs) {
    const shown =
      shownMs === undefined
        ? undefined
        : this.#events.find(({ producerMs }) => Math.abs(producerMs - shownMs) < SAME_FRAME_MS);
    if (shown?.id === this.#shownId) return;
    if (this.#shownId !== undefined) this.#mark(this.#shownId, false);
    if (shown !== undefined) this.#mark(shown.id, true);
    this.#shownId = shown?.id;
  }

  /** There is something in it. */
  get hasEvents() {
    return this.#events.length > 0;
  }

  /**
   * @param {string} id
   * @param {boolean} isShown
   */
  #mark(id, isShown) {
    this.#rows.get(id)?.firstElementChild?.setAttribute('aria-current', String(isShown));
  }

  async #loadOlder() {
    const last = this.#events.at(-1);
    if (last === undefined) return;
    this.#more.disabled = true;
    // Events of one frame share its time.
    await this.#load(last.producerMs + 1);
    this.#more.disabled = false;
  }

  /** @param {number | undefined} toMs the newest when absent */
  async #load(toMs) {
    const stream = this.#stream;
    if (stream === undefined) return;
    const range = { limit: PAGE, ...(toMs === undefined ? {} : { toMs }) };
    try {
      const [objects, moments] = await Promise.all([
        api.listEvents(stream, { ...range, types: ['object'], phase: 'enter' }),
        api.listEvents(stream, { ...range, types: MOMENTS }),
      ]);
      if (stream !== this.#stream) return;
      const isFirst = this.#events.length === 0;
      const found = newestFirst([...objects, ...moments]).slice(0, PAGE);
      if ((isFirst || toMs !== undefined) && found.length < PAGE) this.#isAtEnd = true;
      this.#take(found);
      setText(this.#note, this.#events.length === 0 ? 'Nothing has been detected yet.' : '');
    } catch (error) {
      if (!(error instanceof api.ApiError || error instanceof api.UnreachableError)) throw error;
      if (stream === this.#stream) setText(this.#note, error.message);
    }
  }

  /** @param {readonly DetectionEvent[]} found */
  #take(found) {
    const known = new Set(this.#events.map(({ id }) => id));
    const fresh = found.filter(({ id }) => !known.has(id));
    this.#events = newestFirst([...this.#events, ...fresh]);
    for (const { id } of this.#events.splice(MAX_SHOWN)) {
      this.#rows.get(id)?.remove();
      this.#rows.delete(id);
    }
    for (const [index, event] of this.#events.entries()) {
      let row = this.#rows.get(event.id);
      if (row === undefined) {
        row = this.#rowOf(event);
        this.#rows.set(event.id, row);
      }
      if (this.#list.children[index] !== row)
        this.#list.insertBefore(row, this.#list.children[index] ?? null);
    }
    if (fresh.length > 0) this.dispatchEvent(new Event('change'));
    this.#more.hidden = this.#isAtEnd || this.#events.length === 0 || this.#events.length >= MAX_SHOWN;
  }

  /** @param {DetectionEvent} event */
  #rowOf(event) {
    const picture = element('span', { className: 'picture' });
    if (event.thumbnail !== undefined) {
      const image = element('img', { src: event.thumbnail, alt: '', loading: 'lazy', decoding: 'async' });
      // Its media is gone, or cannot be decoded: the event stands without it.
      image.addEventListener('error', () => image.remove());
      picture.append(image);
    }
    const button = element(
      'button',
      { className: 'event', type: 'button' },
      picture,
      element('span', { className: 'what' }, eventWords(event)),
      element('span', { className: 'about' }, aboutEvent(event)),
    );
    button.addEventListener('click', () =>
      this.dispatchEvent(new CustomEvent('pick', { detail: event.producerMs })),
    );
    return element('li', {}, button);
  }
}

/** @param {DetectionEvent} event */
function aboutEvent({ producerMs, score, zones = [] }) {
  const isToday = day(producerMs) === day(Date.now());
  return [
    `${isToday ? '' : `${day(producerMs)}, `}${timeOfDay(producerMs, { tenths: true })}`,
    ...(score === undefined ? [] : [`${Math.round(score * 100)} %`]),
    ...zones,
  ].join(' · ');
}

/** @param {DetectionEvent[]} events */
const newestFirst = (events) => events.sort((a, b) => b.producerMs - a.producerMs || (a.id < b.id ? -1 : 1));
