import type { MatroskaTag } from '../../../fragments/matroska/matroska-event.ts';
import { clusterHead, simpleBlockHead, tagsElement } from '../../../fragments/matroska/matroska-writer.ts';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import { BlockClock, relativeTicks } from './block-clock.ts';
import type { MatroskaDocument } from './matroska-document.ts';

/**
 * One fragment as Matroska (kvs.md §3.2): `header, producer tags, service tags, Cluster, producer tags, service tags`. The media
 * come at once or frame by frame. One cluster a fragment, whose time is that of its first block.
 */
export class FragmentParts {
  readonly #document: MatroskaDocument;
  readonly #clock: BlockClock;
  #clusterTicks: number | undefined;
  /** Blocks so far. */
  frames = 0;

  constructor(document: MatroskaDocument, tracks: readonly Track[]) {
    this.#document = document;
    this.#clock = new BlockClock(tracks, document.timecodeScaleNs);
  }

  /** All in front of the cluster. */
  head(producerTags: readonly MatroskaTag[], serviceTags: readonly MatroskaTag[]): Uint8Array[] {
    return [this.#document.header, ...tagsOf(producerTags), ...tagsOf(serviceTags)];
  }

  /** The cluster with all its blocks. */
  cluster(samples: readonly Sample[]): Uint8Array[] {
    const blocks = this.#blocks(samples);
    if (this.#clusterTicks === undefined) return [];
    return [clusterHead(this.#clusterTicks, sizeOf(blocks)), ...blocks];
  }

  /** More blocks of the fragment being received; with the first ones the cluster begins, its size unknown. */
  moreBlocks(samples: readonly Sample[]): Uint8Array[] {
    const isFirst = this.#clusterTicks === undefined;
    const blocks = this.#blocks(samples);
    if (!isFirst || this.#clusterTicks === undefined) return blocks;
    return [clusterHead(this.#clusterTicks), ...blocks];
  }

  /** All behind the cluster. */
  tail(producerTags: readonly MatroskaTag[], serviceTags: readonly MatroskaTag[]): Uint8Array[] {
    return [...tagsOf(producerTags), ...tagsOf(serviceTags)];
  }

  #blocks(samples: readonly Sample[]): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (const { trackId, dtsTicks, compositionOffsetTicks, isSync, data } of samples) {
      const ticks = this.#clock.ticks(trackId, dtsTicks + compositionOffsetTicks);
      if (ticks === undefined) continue;
      // "Timecode" is unsigned; blocks before 0 have negative times of their own
      this.#clusterTicks ??= Math.max(0, ticks);
      const relative = relativeTicks(ticks, this.#clusterTicks);
      parts.push(simpleBlockHead(trackId, relative, isSync, data.length), data);
      this.frames++;
    }
    return parts;
  }
}

function tagsOf(tags: readonly MatroskaTag[]): Uint8Array[] {
  return tags.length === 0 ? [] : [tagsElement(tags)];
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
