import { type Box, intersectionOverUnion } from '../geometry/box.ts';
import type { PictureSquare } from './picture-square.ts';

interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** Times that one picture is looked at: at 60 ms each, half a second. */
export const MAX_REGION_LOOKS = 8;
const MAX_PICTURE_LOOKS = 16;
/** A face is found from about a twelfth of the square on. */
const FACES_PER_SIDE = 12;
/** Tiles overlap by this part of their side, so that a face on the seam is whole in one of them. */
const TILE_OVERLAP = 0.25;
/** The head is in a square as wide as the person, or, of somebody who stands, as high as nearly half of him. */
const HEAD_SHARE = 0.45;
/** Hair, hats, and a box that is a little too low. */
const HEADROOM = 0.1;

/**
 * Where the head of a person is looked for, as fractions of the picture: a square at the upper end of his box. Faces that are
 * small in the frame are large there: the whole picture squeezed to 256 pixels would lose them.
 */
export function headRegion([left, top, width, height]: Box, picture: PixelSize): Box {
  const sidePixels = (1 + HEADROOM) * Math.max(width * picture.width, HEAD_SHARE * height * picture.height);
  const across = sidePixels / picture.width;
  const down = sidePixels / picture.height;
  return [left + width / 2 - across / 2, top - HEADROOM * down, across, down];
}

/** The smallest square around each region, largest first; regions that a former square shows as well are not looked at again. */
export function looksOfRegions(regions: readonly Box[], picture: PixelSize): PictureSquare[] {
  const squares = regions
    .map((region) => squareAround(region, picture))
    .filter(({ side }) => side >= 1)
    .sort((a, b) => b.side - a.side);
  const looks: PictureSquare[] = [];
  for (const square of squares) {
    if (looks.length >= MAX_REGION_LOOKS) break;
    const isSeen = looks.some((look) => look.side <= 1.5 * square.side && shows(look, square));
    if (!isSeen) looks.push(square);
  }
  return looks;
}

/**
 * Squares over a whole picture in which faces from `minPixels` on are found: all of it, then tiles as high as its shorter side,
 * then smaller ones, as long as there are few enough of them.
 */
export function looksOfPicture(picture: PixelSize, minPixels: number): PictureSquare[] {
  const { width, height } = picture;
  const looks = [squareAround([0, 0, 1, 1], picture)];
  let side = Math.min(width, height);
  while (side < Math.max(width, height) || side > FACES_PER_SIDE * minPixels) {
    const tiles = tilesOf(picture, side);
    if (looks.length + tiles.length > MAX_PICTURE_LOOKS) break;
    looks.push(...tiles);
    if (side <= FACES_PER_SIDE * minPixels) break;
    side = Math.ceil((side * (1 + TILE_OVERLAP)) / 2);
  }
  return looks;
}

function tilesOf({ width, height }: PixelSize, side: number): PictureSquare[] {
  const tiles: PictureSquare[] = [];
  for (const top of startsOf(height, side)) {
    for (const left of startsOf(width, side)) tiles.push({ left, top, side });
  }
  return tiles;
}

/** Where tiles begin along one axis, evenly spread. */
function startsOf(size: number, side: number): number[] {
  if (size <= side) return [0];
  const count = Math.ceil((size - side) / (side * (1 - TILE_OVERLAP))) + 1;
  return Array.from({ length: count }, (_, i) => Math.round((i * (size - side)) / (count - 1)));
}

/** Moved into the picture where it fits: what is there is better than black. */
function squareAround([left, top, width, height]: Box, picture: PixelSize): PictureSquare {
  const side = Math.max(width * picture.width, height * picture.height);
  const centerX = (left + width / 2) * picture.width;
  const centerY = (top + height / 2) * picture.height;
  return {
    left: within(centerX - side / 2, picture.width - side),
    top: within(centerY - side / 2, picture.height - side),
    side,
  };
}

/** From 0 to `room`; in the middle where there is no room. */
function within(start: number, room: number): number {
  return room < 0 ? room / 2 : Math.min(Math.max(start, 0), room);
}

/** The head of a person is in the middle half of his square. */
function shows(look: PictureSquare, { left, top, side }: PictureSquare): boolean {
  const margin = side / 4;
  return (
    left + margin >= look.left &&
    top + margin >= look.top &&
    left + side - margin <= look.left + look.side &&
    top + side - margin <= look.top + look.side
  );
}

/** What two looks say of one face is said once: by the surer one. */
export function onlyOnce<Face extends { readonly box: Box; readonly score: number }>(
  faces: readonly Face[],
): Face[] {
  const kept: Face[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => intersectionOverUnion(other.box, face.box) < 0.3)) kept.push(face);
  }
  return kept;
}
