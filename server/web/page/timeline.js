import { countWords } from './event-words.js';
import { dateTime, day, timeOfDay } from './format.js';
import { bars, columns, marks, timeOf, xOf } from './timeline-scale.js';

/** The time line: what is recorded, where the player is, and a way to pick a moment. */

/**
 * @typedef {{ startMs: number, endMs: number }} Stretch
 * @typedef {ReturnType<typeof readColors>} Colors
 * @typedef {{ binMs: number, bins: readonly import('./api.js').EventBin[] }} Seen
 */

const MIN_SPAN_MS = 60_000;
const MAX_SPAN_MS = 35 * 86_400_000;
/** Room to the right of now, as a part of the span. */
const LEAD = 0.02;
const DRAG_PX = 5;
/** The newest fragment of a live camera is on its way to the disk for no longer than this. */
const MAX_UNWRITTEN_MS = 45_000;
/** Assistive technology is told of the player's position in steps: it reads each change aloud. */
const TOLD_STEP_MS = 5000;
const BAR_TOP_PX = 24;
const BAR_HEIGHT_PX = 30;

export class Timeline extends EventTarget {
  spanMs = 3_600_000;
  /** Right end of what is shown; `undefined`: now. */
  /** @type {number | undefined} */
  #endMs;
  #root;
  #canvas;
  #tip;
  #now;
  /** @type {readonly Stretch[]} */
  #ranges = [];
  #isLive = false;
  /** What was detected: objects that entered, by time. */
  /** @type {Seen} */
  #seen = { binMs: 1, bins: [] };
  /** @type {number | undefined} */
  #shownMs;
  #toldMs = 0;
  /** @type {number | undefined} */
  #hoverPx;
  /** @type {{ px: number, endMs: number, moved: boolean } | undefined} */
  #press;
  /** The last press moved the time line: the click at its end picks nothing. */
  #wasDragged = false;
  #isDirty = true;
  /** @type {Colors | undefined} */
  #colors;

  /**
   * Events: `pick` (detail: epoch ms), `view` (what is shown has changed).
   * @param {HTMLElement} root
   * @param {() => number} now epoch ms
   */
  constructor(root, now) {
    super();
    const canvas = root.querySelector('canvas');
    const tip = root.querySelector('output');
    if (canvas === null || tip === null) throw new Error('the time line needs a canvas and an output');
    this.#root = root;
    this.#canvas = canvas;
    this.#tip = tip;
    this.#now = now;
    root.addEventListener('pointerdown', (event) => this.#onDown(event));
    root.addEventListener('pointermove', (event) => this.#onMove(event));
    root.addEventListener('pointerup', () => this.#endPress());
    // Picks at the click, not at pointerup: what moves then would lie under the click that follows.
    root.addEventListener('click', (event) => this.#onClick(event));
    root.addEventListener('pointercancel', () => this.#leave());
    root.addEventListener('pointerleave', () => this.#leave());
    root.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    new ResizeObserver(() => this.#redraw()).observe(root);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colors = undefined;
      this.#redraw();
    });
    const tick = () => {
      if (this.#isDirty) this.#draw();
      requestAnimationFrame(tick);
    };
    tick();
  }

  /** The stretch of time that is shown. */
  get view() {
    const toMs = this.#endMs ?? this.#now() + this.spanMs * LEAD;
    return { fromMs: toMs - this.spanMs, toMs };
  }

  /** The right end is now, and moves with it. */
  get followsNow() {
    return this.#endMs === undefined;
  }

  /**
   * @param {readonly Stretch[]} ranges
   * @param {boolean} isLive the last stretch goes on until now
   */
  setRanges(ranges, isLive) {
    this.#ranges = ranges;
    this.#isLive = isLive;
    this.#redraw();
  }

  /** @param {Seen} seen */
  setSeen(seen) {
    this.#seen = seen;
    this.#redraw();
  }

  /** @param {number | undefined} shownMs */
  setShown(shownMs) {
    this.#shownMs = shownMs;
    this.#redraw();
    if (Math.abs((shownMs ?? 0) - this.#toldMs) < TOLD_STEP_MS) return;
    this.#toldMs = shownMs ?? 0;
    const { fromMs, toMs } = this.view;
    this.#root.setAttribute('aria-valuemin', String(Math.round(fromMs)));
    this.#root.setAttribute('aria-valuemax', String(Math.round(toMs)));
    this.#root.setAttribute('aria-valuenow', String(Math.round(shownMs ?? toMs)));
    this.#root.setAttribute('aria-valuetext', shownMs === undefined ? 'nothing shown' : dateTime(shownMs));
  }

  /**
   * Shows this much time, around the player's position when it is in the past.
   * @param {number} spanMs
   */
  zoomTo(spanMs) {
    const center = this.#shownMs;
    this.spanMs = clamp(spanMs, MIN_SPAN_MS, MAX_SPAN_MS);
    const isPast = center !== undefined && center < this.#now() - this.spanMs;
    this.#moveEnd(isPast ? center + this.spanMs / 2 : undefined);
  }

  /**
   * Moves by a part of the span; negative: to the past.
   * @param {number} part
   */
  pan(part) {
    this.#moveEnd(this.view.toMs + this.spanMs * part);
  }

  /**
   * Moves so that the instant is in sight.
   * @param {number} atMs
   */
  reveal(atMs) {
    const { fromMs, toMs } = this.view;
    if (atMs < fromMs || atMs > toMs) this.#moveEnd(atMs + this.spanMs / 2);
  }

  /** Back to now. */
  showNow() {
    this.#moveEnd(undefined);
  }

  /** @param {number | undefined} endMs */
  #moveEnd(endMs) {
    const latest = this.#now() + this.spanMs * LEAD;
    this.#endMs = endMs === undefined || endMs >= latest ? undefined : Math.max(endMs, this.spanMs);
    this.#redraw();
    this.dispatchEvent(new Event('view'));
  }

  get #scale() {
    return { ...this.view, widthPx: this.#root.clientWidth };
  }

  /** @param {MouseEvent} event */
  #xOf(event) {
    return event.clientX - this.#root.getBoundingClientRect().left;
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    if (event.button !== 0) return;
    this.#press = { px: this.#xOf(event), endMs: this.view.toMs, moved: false };
    this.#root.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const px = this.#xOf(event);
    this.#hoverPx = px;
    if (this.#press !== undefined) {
      const movedPx = px - this.#press.px;
      if (Math.abs(movedPx) > DRAG_PX) this.#press.moved = true;
      if (this.#press.moved) {
        this.#moveEnd(this.#press.endMs - (movedPx / this.#root.clientWidth) * this.spanMs);
      }
    }
    this.#redraw();
  }

  #endPress() {
    this.#wasDragged = this.#press?.moved === true;
    this.#press = undefined;
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    if (this.#wasDragged) return;
    const atMs = Math.min(timeOf(this.#scale, this.#xOf(event)), this.#now());
    this.dispatchEvent(new CustomEvent('pick', { detail: atMs }));
  }

  #leave() {
    this.#press = undefined;
    this.#hoverPx = undefined;
    this.#redraw();
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.pan(event.deltaX / this.#root.clientWidth);
      return;
    }
    // The instant under the pointer stays where it is.
    const scale = this.#scale;
    const atMs = timeOf(scale, event.offsetX);
    const right = (scale.toMs - atMs) / this.spanMs;
    this.spanMs = clamp(this.spanMs * 1.002 ** event.deltaY, MIN_SPAN_MS, MAX_SPAN_MS);
    this.#moveEnd(atMs + right * this.spanMs);
  }

  #redraw() {
    this.#isDirty = true;
  }

  #draw() {
    this.#isDirty = false;
    const scale = this.#scale;
    const { widthPx } = scale;
    const heightPx = this.#root.clientHeight;
    const context = this.#canvas.getContext('2d');
    if (context === null || widthPx === 0) return;
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(widthPx * ratio);
    this.#canvas.height = Math.round(heightPx * ratio);
    context.scale(ratio, ratio);
    this.#colors ??= readColors(this.#root);
    const colors = this.#colors;
    this.#drawMarks(context, scale, colors);
    const nowPx = clamp(xOf(scale, this.#now()), 0, widthPx);
    context.fillStyle = colors.gap;
    context.fillRect(0, BAR_TOP_PX, nowPx, BAR_HEIGHT_PX);
    context.fillStyle = colors.recorded;
    for (const { fromPx, toPx } of columns(scale, this.#stretches())) {
      context.fillRect(fromPx, BAR_TOP_PX, toPx - fromPx, BAR_HEIGHT_PX);
    }
    context.fillStyle = colors.seen;
    for (const { fromPx, toPx, part } of bars(scale, this.#seen)) {
      const heightPx = Math.round(part * BAR_HEIGHT_PX);
      context.fillRect(fromPx, BAR_TOP_PX + BAR_HEIGHT_PX - heightPx, toPx - fromPx, heightPx);
    }
    if (this.#hoverPx !== undefined) this.#drawLine(context, this.#hoverPx, colors.dim, 1);
    if (this.#shownMs !== undefined) this.#drawShown(context, xOf(scale, this.#shownMs), colors.text);
    this.#placeTip(scale);
  }

  /** @param {number} atMs */
  #seenAt(atMs) {
    const { binMs, bins } = this.#seen;
    return bins.find(({ startMs }) => startMs <= atMs && atMs < startMs + binMs)?.counts ?? {};
  }

  /** What is recorded; of a live camera up to now, since the newest fragment is on its way to the disk. */
  #stretches() {
    const last = this.#ranges.at(-1);
    if (!this.#isLive || last === undefined || this.#now() - last.endMs > MAX_UNWRITTEN_MS)
      return this.#ranges;
    return [
      ...this.#ranges.slice(0, -1),
      { startMs: last.startMs, endMs: Math.max(last.endMs, this.#now()) },
    ];
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import('./timeline-scale.js').Scale} scale
   * @param {Colors} colors
   */
  #drawMarks(context, scale, colors) {
    const { stepMs, atMs } = marks(scale, (ms) => new Date(ms).getTimezoneOffset());
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    for (const markMs of atMs) {
      const x = xOf(scale, markMs);
      context.fillStyle = colors.line;
      context.fillRect(Math.round(x), BAR_TOP_PX - 6, 1, 6 + BAR_HEIGHT_PX + 8);
      const label = markLabel(markMs, stepMs);
      const half = context.measureText(label).width / 2;
      context.fillStyle = colors.dim;
      if (x - half >= 0 && x + half <= scale.widthPx) context.fillText(label, x - half, 9);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {string} color
   */
  #drawShown(context, x, color) {
    if (x < -6 || x > this.#root.clientWidth + 6) return;
    this.#drawLine(context, x, color, 2);
    context.beginPath();
    context.moveTo(x - 6, BAR_TOP_PX - 8);
    context.lineTo(x + 6, BAR_TOP_PX - 8);
    context.lineTo(x, BAR_TOP_PX);
    context.fill();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {string} color
   * @param {number} widthPx
   */
  #drawLine(context, x, color, widthPx) {
    context.fillStyle = color;
    context.fillRect(x - widthPx / 2, BAR_TOP_PX - 4, widthPx, BAR_HEIGHT_PX + 8);
  }

  /** @param {import('./timeline-scale.js').Scale} scale */
  #placeTip(scale) {
    const px = this.#hoverPx;
    this.#tip.hidden = px === undefined || this.#press?.moved === true;
    if (px === undefined) return;
    const atMs = timeOf(scale, px);
    const isRecorded = this.#stretches().some(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
    const seen = countWords(this.#seenAt(atMs));
    const facts = [
      dateTime(atMs),
      ...(isRecorded ? [] : ['nothing recorded']),
      ...(seen === '' ? [] : [seen]),
    ];
    this.#tip.textContent = facts.join(' · ');
    const half = this.#tip.offsetWidth / 2;
    this.#tip.style.left = `${clamp(px - half, 0, Math.max(0, scale.widthPx - 2 * half))}px`;
  }
}

/**
 * @param {number} atMs
 * @param {number} stepMs
 */
function markLabel(atMs, stepMs) {
  const date = new Date(atMs);
  if (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0) return day(atMs);
  return stepMs < 60_000 ? timeOfDay(atMs) : timeOfDay(atMs).slice(0, 5);
}

/**
 * Custom properties hold `light-dark(…)` as text; a canvas needs the colors that they stand for.
 * @param {HTMLElement} root
 */
function readColors(root) {
  const live = getComputedStyle(root);
  const read = (/** @type {string} */ name) => {
    root.style.setProperty('color', `var(--${name})`);
    return live.color;
  };
  const colors = {
    text: read('text'),
    dim: read('dim'),
    line: read('line'),
    gap: read('gap'),
    recorded: read('recorded'),
    seen: read('seen'),
  };
  root.style.removeProperty('color');
  return colors;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
