import { element, setText } from './dom.js';
import { ago, bitrate, codecName, frameRate } from './format.js';

/** The list of streams with their state. */

/** @typedef {import('./api.js').Stream} Stream */

/** More streams than this are worth a filter. */
const FILTER_FROM = 8;

export class StreamList extends EventTarget {
  #list;
  #filter;
  #now;
  /** @type {readonly Stream[]} */
  #streams = [];
  /** @type {string | undefined} */
  #chosen;
  /** @type {Map<string, ReturnType<typeof makeItem>>} */
  #items = new Map();

  /**
   * Event: `choose` (detail: name).
   * @param {HTMLElement} list
   * @param {HTMLInputElement} filter
   * @param {() => number} now epoch ms
   */
  constructor(list, filter, now) {
    super();
    this.#list = list;
    this.#filter = filter;
    this.#now = now;
    filter.addEventListener('input', () => this.#render());
  }

  /**
   * @param {readonly Stream[]} streams
   * @param {string | undefined} chosen
   */
  show(streams, chosen) {
    this.#streams = streams;
    this.#chosen = chosen;
    this.#filter.hidden = streams.length < FILTER_FROM && this.#filter.value === '';
    this.#render();
  }

  #render() {
    const wanted = this.#filter.value.trim().toLowerCase();
    const shown = this.#streams.filter(({ name }) => name.toLowerCase().includes(wanted));
    const names = new Set(shown.map(({ name }) => name));
    for (const [name, item] of this.#items) {
      if (names.has(name)) continue;
      item.row.remove();
      this.#items.delete(name);
    }
    for (const [index, stream] of shown.entries()) {
      const item = this.#items.get(stream.name) ?? this.#add(stream.name);
      if (this.#list.children[index] !== item.row)
        this.#list.insertBefore(item.row, this.#list.children[index] ?? null);
      const isLive = stream.live?.isLive === true;
      item.dot.classList.toggle('on', isLive);
      setText(item.about, describe(stream, this.#now()));
      item.button.setAttribute('aria-current', String(stream.name === this.#chosen));
    }
  }

  /** @param {string} name */
  #add(name) {
    const item = makeItem(name);
    item.button.addEventListener('click', () =>
      this.dispatchEvent(new CustomEvent('choose', { detail: name })),
    );
    this.#items.set(name, item);
    return item;
  }
}

/** @param {string} name */
function makeItem(name) {
  const dot = element('span', { className: 'dot' });
  const about = element('span', { className: 'about' });
  const button = element(
    'button',
    { className: 'stream', type: 'button', title: name },
    dot,
    element('span', { className: 'name' }, name),
    about,
  );
  return { row: element('li', {}, button), button, dot, about };
}

/**
 * One line on a stream: what it sends, or when it was last seen.
 * @param {Stream} stream
 * @param {number} nowMs
 */
function describe({ live }, nowMs) {
  if (live === null) return 'offline';
  if (!live.isLive)
    return live.lastFragmentMs === null ? 'offline' : `last seen ${ago(live.lastFragmentMs, nowMs)}`;
  const { video, audio } = live;
  const main = video ?? audio;
  return [
    video?.height ? `${video.height}p` : '',
    main ? codecName(main.codec) : '',
    video ? frameRate(live.videoFps) : '',
    bitrate(live.bitrateBps),
  ]
    .filter(Boolean)
    .join(' · ');
}
