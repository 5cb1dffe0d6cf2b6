import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import {
  FragmentReader,
  type ReadPosition,
  type ReadSource,
  readSamples,
} from '../../../fragments/stream/stream-reader.ts';
import { type MediaPiece, MediaRenderer, type MediaRendererOptions } from './media-renderer.ts';
import { ARCHIVED_TAGS, type FragmentFailure, MEDIA_TAGS } from './service-tags.ts';

export interface MediaReadOptions extends Omit<MediaRendererOptions, 'tags'> {
  /** Ends reading: the consumer hung up, or has to. */
  readonly signal: AbortSignal;
}

/**
 * GetMedia: from a position on, past the live edge, until the signal aborts. Frames of the fragment being received come as
 * they arrive. What was deleted is passed over; what cannot be read is told in the media (kvs.md §3.3) and passed over.
 * Throws LogReadError when the log cannot even be listed.
 */
export async function* readMedia(
  source: ReadSource,
  from: ReadPosition,
  options: MediaReadOptions,
): AsyncGenerator<MediaPiece, void, undefined> {
  const renderer = new MediaRenderer(source.log, { ...options, tags: MEDIA_TAGS });
  const { signal } = options;
  let position = from;
  while (!signal.aborted) {
    let rendering: FragmentInfo | undefined;
    try {
      for await (const batch of readSamples(source, position, { until: 'abort', signal, tellEnds: true })) {
        rendering = batch.fragment;
        yield await renderer.render(batch);
        rendering = undefined;
        position = batch.next;
      }
    } catch (error) {
      if (!(error instanceof LogReadError)) throw error;
      const unreadable = rendering ?? (await source.log.list(position.ordinal, 1))[0];
      if (unreadable === undefined) throw error;
      position = { ordinal: unreadable.ordinal + 1, sampleIndex: 0 };
      yield renderer.failure(unreadable, failureOf(error));
    }
  }
}

/**
 * GetMediaForFragmentList: these complete fragments, in this order, one of them in memory at a time. Those that are gone or
 * cannot be read are told in the media (kvs.md §4.2).
 */
export async function* readFragmentList(
  source: ReadSource,
  fragments: readonly FragmentInfo[],
  options: MediaReadOptions,
): AsyncGenerator<MediaPiece, void, undefined> {
  const renderer = new MediaRenderer(source.log, { ...options, tags: ARCHIVED_TAGS });
  const reader = new FragmentReader(source);
  for (const info of fragments) {
    if (options.signal.aborted) return;
    yield await wholeFragment(reader, info, renderer);
  }
}

async function wholeFragment(
  reader: FragmentReader,
  info: FragmentInfo,
  renderer: MediaRenderer,
): Promise<MediaPiece> {
  try {
    const batch = await reader.read(info);
    return batch === undefined ? renderer.failure(info, 'not-found') : await renderer.render(batch);
  } catch (error) {
    if (!(error instanceof LogReadError)) throw error;
    return renderer.failure(info, failureOf(error));
  }
}

function failureOf({ code }: LogReadError): FragmentFailure {
  return code === 'gone' || code === 'not-found' ? 'not-found' : 'internal';
}
