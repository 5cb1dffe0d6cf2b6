import type { Box } from '../geometry/box.ts';
import type { Picture } from '../picture/picture.ts';
import { BLOCK_CELLS, BlockMap } from './block-map.ts';
import { compareLuma, type LumaDifference } from './luma-difference.ts';

/** What moves in a picture, compared with those before it. */
export interface Motion {
  /** There is something to look at: a new scene, something that moves, or that is not as it was. */
  readonly isOpen: boolean;
  /** The first picture, or one that has little in common with the one before: nothing that was known of the scene holds. */
  readonly isNewScene: boolean;
  /** Where something moves. Fractions of the picture. */
  readonly moving: readonly Box[];
  /**
   * Where the picture is other than it was for the last seconds, though nothing moves now: what creeps, or has just stopped. Told
   * once a second.
   */
  readonly changed: readonly Box[];
}

/** Cells in all, about: 160 x 90 of a picture of 16:9 (detection.md §5). */
const CELLS = 14_400;
/** "Block active if more than 8 % of its pixels change". */
const ACTIVE_CELLS = 3;
/** A third of a block: what moves, and no artefact of compression. */
const STRONG_CELLS = 8;
/** Pictures that are farther apart are each as good as the other: no key frame jumps out of them. */
const SPARSE_MS = 1000;
/** The background forgets in this time. */
const BACKGROUND_MS = 3000;
/** It is compared and renewed this often: what is slow has time. */
const BACKGROUND_STEP_MS = 1000;
/** A picture of which half differs by more than this is another scene. */
const NEW_SCENE_SPREAD = 20;
/** So is one that became lighter or darker by this at once: the lights were switched. */
const NEW_SCENE_SHIFT = 40;

/**
 * Sees cheaply (about a millisecond a picture) whether and where something moves: brightness on a coarse grid, compared with the picture
 * before, and with a running average for what is slow. The light of the whole picture may change, key frames may look a little
 * other than what they follow, and noise counts only above its own level. Pure: pictures and times go in.
 */
export class MotionGate {
  readonly #columns: number;
  readonly #rows: number;
  #luma: Uint8Array;
  #previous: Uint8Array;
  readonly #background: Float32Array;
  #backgroundMs = 0;
  #previousMs: number | undefined;
  readonly #moving: BlockMap;
  /** Blocks that were active in the picture before. */
  #active: Uint8Array;
  readonly #changed: BlockMap;
  #wasChanged: Uint8Array;

  /** `aspect`: width over height of the pictures. */
  constructor(aspect = 16 / 9) {
    const rows = Math.max(Math.round(Math.sqrt(CELLS / aspect) / BLOCK_CELLS), 1);
    const columns = Math.max(Math.round(CELLS / BLOCK_CELLS ** 2 / rows), 1);
    this.#columns = columns * BLOCK_CELLS;
    this.#rows = rows * BLOCK_CELLS;
    const cells = this.#columns * this.#rows;
    this.#luma = new Uint8Array(cells);
    this.#previous = new Uint8Array(cells);
    this.#background = new Float32Array(cells);
    this.#moving = new BlockMap(columns, rows);
    this.#active = new Uint8Array(columns * rows);
    this.#changed = new BlockMap(columns, rows);
    this.#wasChanged = new Uint8Array(columns * rows);
  }

  /** The next picture of the stream. */
  observe(picture: Picture, timeMs: number): Motion {
    const luma = this.#luma;
    picture.sampleLuma(luma, this.#columns, this.#rows);
    const sinceMs = this.#previousMs === undefined ? undefined : Math.max(timeMs - this.#previousMs, 0);
    this.#previousMs = timeMs;
    const difference = compareLuma(luma, this.#previous);
    const isNewScene =
      sinceMs === undefined ||
      difference.spread > NEW_SCENE_SPREAD ||
      Math.abs(difference.shift) > NEW_SCENE_SHIFT;
    const motion = isNewScene ? this.#begin(timeMs) : this.#compare(difference, sinceMs, timeMs);
    this.#luma = this.#previous;
    this.#previous = luma;
    return motion;
  }

  #begin(timeMs: number): Motion {
    this.#background.set(this.#luma);
    this.#backgroundMs = timeMs;
    this.#active.fill(0);
    this.#wasChanged.fill(0);
    return { isOpen: true, isNewScene: true, moving: [], changed: [] };
  }

  #compare(difference: LumaDifference, sinceMs: number, timeMs: number): Motion {
    const moving = this.#movingBoxes(difference, sinceMs);
    const changed = this.#slowBoxes(timeMs);
    return { isOpen: moving.length > 0 || changed.length > 0, isNewScene: false, moving, changed };
  }

  /** What has changed since the picture before: strongly, or weakly in two pictures one after the other (key frames do so once). */
  #movingBoxes(difference: LumaDifference, sinceMs: number): readonly Box[] {
    const map = this.#moving;
    map.compare(this.#luma, this.#previous, difference);
    const wasActive = this.#active;
    const isActive = new Uint8Array(wasActive.length);
    for (let block = 0; block < isActive.length; block++) {
      if ((map.changed[block] as number) >= ACTIVE_CELLS) isActive[block] = 1;
    }
    this.#active = isActive;
    const isBelieved = (block: number) =>
      sinceMs >= SPARSE_MS ||
      map.some(block, (near) => (map.changed[near] as number) >= STRONG_CELLS || wasActive[near] === 1);
    return map.boxes((block) => isActive[block] === 1 && isBelieved(block));
  }

  /** What is strongly other than the background in two of its steps, where nothing moves now. */
  #slowBoxes(timeMs: number): readonly Box[] {
    const sinceMs = timeMs - this.#backgroundMs;
    // Also where time went back.
    if (sinceMs >= 0 && sinceMs < BACKGROUND_STEP_MS) return [];
    this.#backgroundMs = timeMs;
    const changed = this.#changedBoxes();
    const share = 1 - Math.exp(-Math.max(sinceMs, 0) / BACKGROUND_MS);
    for (let i = 0; i < this.#luma.length; i++) {
      const background = this.#background[i] as number;
      this.#background[i] = background + share * ((this.#luma[i] as number) - background);
    }
    return changed;
  }

  #changedBoxes(): readonly Box[] {
    const map = this.#changed;
    map.compare(this.#luma, this.#background, compareLuma(this.#luma, this.#background));
    const isOther = Uint8Array.from(map.changed, (cells) => (cells >= STRONG_CELLS ? 1 : 0));
    const before = this.#wasChanged;
    this.#wasChanged = isOther;
    return map.boxes(
      (block) =>
        isOther[block] === 1 &&
        before[block] === 1 &&
        !this.#moving.some(block, (near) => (this.#moving.changed[near] as number) >= ACTIVE_CELLS),
    );
  }
}
