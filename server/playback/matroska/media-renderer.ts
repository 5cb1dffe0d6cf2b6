import { Mp4Error } from '../../../fragments/cmaf/mp4-error.ts';
import { MatroskaError, type MatroskaTag } from '../../../fragments/matroska/matroska-event.ts';
import { CodecError } from '../../../fragments/media/codec-error.ts';
import { type FragmentInfo, fragmentDurationMs } from '../../../fragments/stream/fragment.ts';
import { LogReadError } from '../../../fragments/stream/fragment-log.ts';
import type { ReadBatch, ReadSource } from '../../../fragments/stream/stream-reader.ts';
import { FragmentParts } from './fragment-parts.ts';
import { documentOf, documentWithoutTracks, type MatroskaDocument } from './matroska-document.ts';
import { piecesOf } from './pieces.ts';
import type { FragmentFailure, ServiceTags } from './service-tags.ts';

/** Bytes for a consumer, and what they are. */
export interface MediaPiece {
  /** In order, none larger than MAX_PIECE_BYTES. */
  readonly pieces: readonly Uint8Array[];
  readonly frames: number;
  /** With these bytes the fragment is complete, or told to be unreadable. */
  readonly ends: { readonly info: FragmentInfo; readonly isReadable: boolean } | undefined;
}

export interface MediaRendererOptions {
  readonly tags: ServiceTags;
  /** Fragments are not longer than this by the server's settings; see timecodeScaleNsFor. */
  readonly longestFragmentMs: number;
  readonly now: () => number;
}

/** The fragment on its way out. */
interface OpenFragment {
  readonly parts: FragmentParts;
  /** How many of the producer's tags stand in front of the cluster. */
  readonly leadingTags: number;
}

/** Samples to Matroska for one consumer, batch by batch. */
export class MediaRenderer {
  readonly #log: ReadSource['log'];
  readonly #options: MediaRendererOptions;
  #document: (MatroskaDocument & { readonly initId: string; readonly longestMs: number }) | undefined;
  #open: OpenFragment | undefined;

  constructor(log: ReadSource['log'], options: MediaRendererOptions) {
    this.#log = log;
    this.#options = options;
  }

  /** The next batch of a reader, in its order. Throws LogReadError when what goes with the samples cannot be read. */
  async render(batch: ReadBatch): Promise<MediaPiece> {
    const { fragment, live, samples, startsFragment, endsFragment } = batch;
    const parts: Uint8Array[] = [];
    if (startsFragment) {
      const tags = live?.tags ?? (await this.#log.tags(fragment.ordinal));
      this.#open = {
        parts: new FragmentParts(this.#documentOf(batch), batch.tracks),
        leadingTags: tags.length,
      };
      parts.push(...this.#open.parts.head(tags, this.#options.tags.before(fragment)));
    }
    const open = this.#open;
    if (open === undefined) throw new Error('a fragment is rendered from its first batch on');
    const framesBefore = open.parts.frames;
    parts.push(
      ...(startsFragment && endsFragment ? open.parts.cluster(samples) : open.parts.moreBlocks(samples)),
    );
    if (endsFragment) {
      const lateTags = live?.tags.slice(open.leadingTags) ?? [];
      parts.push(...open.parts.tail(lateTags, this.#tagsBehind(fragment)));
      this.#open = undefined;
    }
    return {
      pieces: piecesOf(parts),
      frames: open.parts.frames - framesBefore,
      ends: endsFragment ? { info: fragment, isReadable: true } : undefined,
    };
  }

  /** Says in the media that a fragment cannot be given. */
  failure(info: FragmentInfo, failure: FragmentFailure): MediaPiece {
    const parts = new FragmentParts(this.#document ?? documentWithoutTracks(), []);
    const head = parts.head([], this.#options.tags.failure(info.number, failure));
    const pieces = piecesOf([...head, ...parts.tail([], this.#tagsBehind(info))]);
    return { pieces, frames: 0, ends: { info, isReadable: false } };
  }

  #tagsBehind(info: FragmentInfo): MatroskaTag[] {
    return this.#options.tags.behind(info, this.#options.now() - info.serverMs);
  }

  #documentOf({ fragment, init, tracks, endsFragment }: ReadBatch): MatroskaDocument {
    const { longestFragmentMs } = this.#options;
    const longestMs = Math.max(longestFragmentMs, endsFragment ? fragmentDurationMs(fragment) : 0);
    if (this.#document?.initId === init.id && this.#document.longestMs === longestMs) return this.#document;
    try {
      this.#document = { ...documentOf(init, tracks, longestMs), initId: init.id, longestMs };
      return this.#document;
    } catch (cause) {
      if (!(cause instanceof Mp4Error || cause instanceof MatroskaError || cause instanceof CodecError))
        throw cause;
      throw new LogReadError('damaged', `the init segment ${init.id} cannot be told as Matroska`, { cause });
    }
  }
}
