import { chunkHeads } from '../../../fragments/cmaf/chunk-heads.ts';
import { samplesOf } from '../../../fragments/cmaf/read-chunk.ts';
import { LruCache } from '../../../fragments/log/lru-cache.ts';
import type { Track } from '../../../fragments/media/track.ts';
import { restamp } from '../../../fragments/mpegts/restamp.ts';
import { TsMuxer } from '../../../fragments/mpegts/ts-muxer.ts';
import { TS_TIMESCALE } from '../../../fragments/mpegts/ts-packet.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { liveFragment, openSegment } from './fragment-segment.ts';
import type { SessionCounters } from './session-counters.ts';
import type { ListedFragment } from './session-timeline.ts';

/** Longer fragments are muxed piece by piece while they are sent, for each viewer anew. */
export const MAX_WHOLE_BYTES = 8 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;
const SAMPLES_AT_ONCE = 512;

/**
 * TS segments of fragments. A finished one is kept for other viewers, in bounded memory, on the fragment's own timeline; each
 * session gets a copy on its own (restamp.ts). Blocks are handed out one by one, so a long fragment is never in memory as a
 * whole.
 */
export class TsSegments {
  readonly #counters: SessionCounters;
  readonly #finished = new LruCache<Buffer>(CACHE_BYTES, (segment) => segment.length);

  constructor(counters: SessionCounters) {
    this.#counters = counters;
  }

  /** The whole segment. For fragments up to MAX_WHOLE_BYTES. Throws LogReadError, Mp4Error, TsError. */
  async whole(stream: OpenStream, listed: ListedFragment, tracks: readonly Track[]): Promise<Buffer> {
    const { info } = listed;
    let isNew = false;
    const segment = await this.#finished.getOrLoad(`${stream.record.name}/${info.number}`, async () => {
      isNew = true;
      const blocks: Buffer[] = [];
      for await (const block of muxed(stream, info, tracks, { shiftTicks: 0, tableCounter: 0 }))
        blocks.push(block);
      return Buffer.concat(blocks);
    });
    if (isNew) this.#counters.tsMuxed += 1;
    else this.#counters.tsCached += 1;
    const { shiftTicks, tableCounter } = timesOf(listed);
    return restamp(segment, shiftTicks, tableCounter);
  }

  /** The segment in blocks of about 128 KB. Throws as `whole`. */
  blocks(stream: OpenStream, listed: ListedFragment, tracks: readonly Track[]): AsyncIterable<Buffer> {
    this.#counters.tsMuxed += 1;
    return muxed(stream, listed.info, tracks, timesOf(listed));
  }
}

interface SegmentTimes {
  readonly shiftTicks: number;
  readonly tableCounter: number;
}

function timesOf({ shiftS, index }: ListedFragment): SegmentTimes {
  return { shiftTicks: Math.round(shiftS * TS_TIMESCALE), tableCounter: index };
}

/** Muxes chunk by chunk; a chunk is a few seconds or megabytes. */
async function* muxed(
  stream: OpenStream,
  info: FragmentInfo,
  tracks: readonly Track[],
  times: SegmentTimes,
): AsyncGenerator<Buffer, void, undefined> {
  const blocks: Buffer[] = [];
  const muxer = new TsMuxer({ tracks, ...times, emit: (block) => blocks.push(block) });
  const live = liveFragment(stream, info);
  if (live !== undefined) {
    for (let from = 0; from < live.samples.length; from += SAMPLES_AT_ONCE) {
      muxer.write(live.samples.slice(from, from + SAMPLES_AT_ONCE));
      yield* blocks.splice(0);
    }
  } else {
    const segment = await openSegment(stream, info);
    try {
      for await (const { offsetBytes, endBytes } of chunkHeads(segment)) {
        const chunk = await segment.read(offsetBytes, endBytes - offsetBytes);
        muxer.write(samplesOf(chunk, tracks));
        yield* blocks.splice(0);
      }
    } finally {
      segment.close();
    }
  }
  muxer.end();
  yield* blocks;
}
