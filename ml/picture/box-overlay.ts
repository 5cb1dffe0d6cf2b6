import { type Box, overlapArea } from '../geometry/box.ts';

/** A box to be drawn onto a picture. */
export interface LabelledBox {
  readonly box: Box;
  readonly label: string;
  /** 0 to 1; written as per cent behind the label. */
  readonly score?: number;
}

/** Boxes drawn onto one picture; the rest is left out. */
const MAX_BOXES = 200;
const MAX_LABEL_LENGTH = 40;
const COLORS = ['#e6194b', '#3cb44b', '#4363d8', '#f58231', '#911eb4', '#008080', '#9a6324', '#808000'];

/**
 * An SVG of `width` x `height` pixels with boxes and their labels, to be laid over a picture that shows `crop` of the whole.
 * One label has always the same colour.
 */
export function boxOverlay(boxes: readonly LabelledBox[], width: number, height: number, crop: Box): string {
  const line = Math.max(2, Math.round(Math.min(width, height) / 150));
  const fontSize = Math.max(10, Math.round(Math.min(width, height) / 30));
  const drawn = boxes
    .filter(({ box }) => overlapArea(box, crop) > 0)
    .slice(0, MAX_BOXES)
    .map(({ box, label, score }) => {
      const x = ((box[0] - crop[0]) / crop[2]) * width;
      const y = ((box[1] - crop[1]) / crop[3]) * height;
      const color = colorOf(label);
      const text = score === undefined ? label : `${label} ${Math.round(score * 100)}%`;
      // Above the box, or in it where the picture ends.
      const baseline = y >= fontSize * 1.4 ? y - fontSize * 0.3 : Math.max(y, 0) + fontSize * 1.1;
      return (
        `<rect x="${px(x)}" y="${px(y)}" width="${px((box[2] / crop[2]) * width)}" height="${px((box[3] / crop[3]) * height)}" ` +
        `fill="none" stroke="${color}" stroke-width="${line}"/>` +
        `<text x="${px(Math.max(x, 0) + line)}" y="${px(baseline)}" fill="#fff" stroke="${color}" stroke-width="${line * 3}" ` +
        `paint-order="stroke" stroke-linejoin="round">${escapeText(text)}</text>`
      );
    });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="${fontSize}">` +
    `${drawn.join('')}</svg>`
  );
}

function px(value: number): string {
  return (Number.isFinite(value) ? value : 0).toFixed(1);
}

function colorOf(label: string): string {
  let hash = 0;
  for (const letter of label) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return COLORS[hash % COLORS.length] ?? '#e6194b';
}

/** Labels are anyone's words: markup is escaped, and what XML cannot say at all becomes a space. */
function escapeText(text: string): string {
  return Array.from(text)
    .slice(0, MAX_LABEL_LENGTH)
    .join('')
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, ' ')
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
