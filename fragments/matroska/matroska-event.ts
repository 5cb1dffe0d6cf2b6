/**
 * What the incremental Matroska reader says of an endless live stream, in the order of the bytes (kvs.md §2.5, §2.6).
 * Byte views are shared by reference; nobody writes to them.
 */

/** A track as its `TrackEntry` declares it. Nothing is judged here: unknown codecs and odd private data pass through. */
export interface MatroskaTrack {
  readonly number: number;
  readonly uid: bigint | undefined;
  /** 1 video, 2 audio, 17 subtitle...: TrackType as it came. */
  readonly type: number;
  readonly codecId: string;
  readonly codecPrivate: Uint8Array | undefined;
  readonly name: string | undefined;
  readonly defaultDurationNs: number | undefined;
  readonly pixelWidth: number | undefined;
  readonly pixelHeight: number | undefined;
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  readonly bitDepth: number | undefined;
}

/** One SimpleTag; its value empty for a TagName alone, base64 of TagBinary when it has no TagString. */
export interface MatroskaTag {
  readonly name: string;
  readonly value: string;
  /** It speaks of one track, chapter or the like (Targets with a UID), not of the stream. */
  readonly isTargeted?: true;
}

export type MatroskaEvent =
  /** An EBML header was read: a document begins. One that comes in the middle of a stream begins a new one. */
  | { readonly type: 'document'; readonly docType: string }
  /**
   * Info and Tracks are known, or have come again with other content: before the first cluster, and between clusters.
   * `header` is the whole of the document as it came, verbatim, from the EBML header to the last element before the
   * cluster or service tags, Segment's own header included and producer tags left out (they come as `tags`).
   */
  | {
      readonly type: 'header';
      readonly header: Uint8Array;
      /** Nanoseconds a tick of cluster and block times. */
      readonly timecodeScaleNs: number;
      readonly tracks: readonly MatroskaTrack[];
    }
  /** One Tags element; `position` is where it stood. */
  | {
      readonly type: 'tags';
      readonly tags: readonly MatroskaTag[];
      readonly position: 'before-cluster' | 'after-cluster';
    }
  /** A Cluster's first byte was read. Its Timecode follows in `cluster`. */
  | { readonly type: 'cluster-begins' }
  /** A Cluster and its Timecode, in ticks of timecodeScaleNs. */
  | { readonly type: 'cluster'; readonly timecode: number }
  /** One frame of a SimpleBlock or BlockGroup; laced blocks make several. */
  | {
      readonly type: 'frame';
      readonly trackNumber: number;
      /** Cluster timecode plus the block's own, in ticks of timecodeScaleNs. */
      readonly timecode: number;
      readonly isKey: boolean;
      readonly isInvisible: boolean;
      readonly isDiscardable: boolean;
      /** BlockDuration where there is one. */
      readonly durationTicks: number | undefined;
      readonly data: Uint8Array;
    }
  /** The cluster is complete: its size was known and is reached, or another level 1 element or document begins, or the body ended. */
  | {
      readonly type: 'cluster-ends';
      /** Its size was known: the cluster ended by itself, and not because something else begins. */
      readonly isSized?: true;
    };

export type MatroskaErrorCode =
  | 'not-matroska'
  | 'bad-size'
  | 'bad-element'
  | 'too-large'
  | 'too-deep'
  | 'too-many'
  | 'bad-block'
  | 'truncated';

/** Bytes that are no Matroska, or exceed a bound. `offset`: of the stream, where the bad element begins. */
export class MatroskaError extends Error {
  readonly code: MatroskaErrorCode;
  readonly offset: number;

  constructor(code: MatroskaErrorCode, offset: number, message: string) {
    super(message);
    this.name = 'MatroskaError';
    this.code = code;
    this.offset = offset;
  }
}
