import { createHash } from 'node:crypto';
import { readInitSegment } from '../../../fragments/cmaf/init-segment.ts';
import { LruCache } from '../../../fragments/log/lru-cache.ts';
import type { Track } from '../../../fragments/media/track.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { type InitSegment, LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { mainTracks } from './session-tracks.ts';

/** Init segments whose tracks are kept. */
const KEPT = 512;

/** What an init segment says. */
export interface InitFacts {
  readonly tracks: readonly Track[];
  /** Equal for init segments whose first video and first audio are decoded alike, whatever else is in them. */
  readonly config: string;
}

/** The tracks of init segments. Their names are digests of their bytes, so what was read once holds for ever. */
export class InitTracks {
  readonly #known = new LruCache<InitFacts>(KEPT, () => 1);

  /** Throws LogReadError `gone`, and what readInitSegment throws. */
  of(stream: Pick<OpenStream, 'log' | 'window'>, info: FragmentInfo): Promise<InitFacts> {
    return this.#known.getOrLoad(info.initId, async () => {
      const tracks = readInitSegment((await initOf(stream, info)).bytes);
      return { tracks, config: digest(mainTracks(tracks)) };
    });
  }
}

/** The init segment of a fragment. Throws LogReadError `gone`. */
export async function initOf(
  { log, window }: Pick<OpenStream, 'log' | 'window'>,
  { initId, number }: FragmentInfo,
): Promise<InitSegment> {
  const live = window.fragments.findLast(({ init }) => init.id === initId)?.init;
  const init = live ?? (await log.init(initId));
  if (init === undefined) throw new LogReadError('gone', `the init segment of ${number} is gone`);
  return init;
}

function digest(tracks: readonly Track[]): string {
  const facts = tracks.map(({ config, ...track }) => [track, Buffer.from(config).toString('base64')]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url');
}
