/** Boxes with labels over the picture, in step with the frame that is shown. */

/** @typedef {import('./box-tracks.js').Sighting} Sighting */

const LINE_PX = 2;
const LABEL_PX = 18;
const PAD_PX = 5;
/** Colors that are told apart on any picture, also by people who see fewer of them; labels keep theirs. */
const COLORS = ['#2dd4bf', '#fbbf24', '#60a5fa', '#f472b6', '#a3e635', '#fb923c', '#c084fc', '#f87171'];

export class BoxOverlay {
  #canvas;
  #video;
  #shown = '';

  /**
   * @param {HTMLCanvasElement} canvas lies over the video, edge to edge
   * @param {HTMLVideoElement} video
   */
  constructor(canvas, video) {
    this.#canvas = canvas;
    this.#video = video;
  }

  /** @param {readonly Sighting[]} sightings */
  show(sightings) {
    const { clientWidth, clientHeight } = this.#canvas;
    const { videoWidth, videoHeight } = this.#video;
    const ratio = devicePixelRatio;
    const shown = JSON.stringify([clientWidth, clientHeight, videoWidth, videoHeight, ratio, sightings]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    // Also clears it.
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    const context = this.#canvas.getContext('2d');
    if (context === null || videoWidth === 0) return;
    context.scale(ratio, ratio);
    context.font = '600 12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const picture = pictureIn(clientWidth, clientHeight, videoWidth, videoHeight);
    for (const sighting of sightings) drawBox(context, sighting, picture);
  }
}

/**
 * Where a picture lies that is fitted whole into a stage (`object-fit: contain`).
 * @param {number} stageWidth
 * @param {number} stageHeight
 * @param {number} videoWidth
 * @param {number} videoHeight
 */
export function pictureIn(stageWidth, stageHeight, videoWidth, videoHeight) {
  const scale = Math.min(stageWidth / videoWidth, stageHeight / videoHeight);
  const width = videoWidth * scale;
  const height = videoHeight * scale;
  return { left: (stageWidth - width) / 2, top: (stageHeight - height) / 2, width, height };
}

/** @param {string} label */
export function colorOf(label) {
  let sum = 0;
  for (const character of label) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return COLORS[sum % COLORS.length] ?? '#fff';
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Sighting} sighting
 * @param {ReturnType<typeof pictureIn>} picture
 */
function drawBox(context, { label, score, box: [left, top, width, height] }, picture) {
  const x = picture.left + left * picture.width;
  const y = picture.top + top * picture.height;
  const w = width * picture.width;
  const h = height * picture.height;
  const color = colorOf(label);
  // A dark line around the colored one: it is seen on bright pictures, too.
  context.lineWidth = LINE_PX + 2;
  context.strokeStyle = 'rgb(0 0 0 / 45%)';
  context.strokeRect(x, y, w, h);
  context.lineWidth = LINE_PX;
  context.strokeStyle = color;
  context.strokeRect(x, y, w, h);
  const text = `${label} ${Math.round(score * 100)} %`;
  const labelWidth = context.measureText(text).width + 2 * PAD_PX;
  // Above the box; inside where the picture ends.
  const labelY = y - LABEL_PX >= 0 ? y - LABEL_PX : y;
  const labelX = Math.max(0, Math.min(x - LINE_PX / 2, context.canvas.clientWidth - labelWidth));
  context.fillStyle = color;
  context.fillRect(labelX, labelY, labelWidth, LABEL_PX);
  context.fillStyle = '#0b0f10';
  context.fillText(text, labelX + PAD_PX, labelY + LABEL_PX / 2 + 0.5);
}
