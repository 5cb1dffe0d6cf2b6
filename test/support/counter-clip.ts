import { spawnSync } from 'node:child_process';
import type { Picture } from '../../ml/picture/picture.ts';

/** Columns of a picture: bit 0 is the leftmost. */
const BITS = 12;

export interface CounterClip {
  readonly seconds: number;
  /** Encoder and its arguments, e.g. `['-c:v', 'libx264', '-bf', '2']`. */
  readonly encoder: readonly string[];
  readonly framesPerSecond?: number;
}

/**
 * Makes a clip whose every picture says which one it is: its number stands in it as columns, black for 0 and white for 1, which
 * no codec can blur.
 */
export function makeCounterClip(file: string, { seconds, encoder, framesPerSecond = 25 }: CounterClip): void {
  const column = 320 / BITS;
  const bit = `mod(floor(N/pow(2,floor(X/${column}))),2)`;
  const source = `color=c=black:s=320x180:r=${framesPerSecond}:d=${seconds},format=yuv420p`;
  const numbered = `geq=lum='if(${bit},235,16)':cb=128:cr=128`;
  const made = spawnSync(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', `${source},${numbered}`, ...encoder, file],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`ffmpeg: ${made.stderr}`);
}

/** The number that stands in a picture. */
export function readCounter(picture: Pick<Picture, 'sampleLuma'>): number {
  const columns = new Uint8Array(BITS);
  picture.sampleLuma(columns, BITS, 1);
  return columns.reduce((number, luma, bit) => number + (luma > 128 ? 2 ** bit : 0), 0);
}
