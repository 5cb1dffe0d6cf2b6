import type { PutMediaSource } from './media-source.ts';
import type { PutMediaError } from './put-media-error.ts';
import type { Credentials } from './sigv4.ts';

/** What an upload has done so far. */
export interface PutMediaProgress {
  readonly fragmentsSent: number;
  /** Fragments that were begun more than once, since a session broke. */
  readonly fragmentsSentAgain: number;
  readonly bytesSent: number;
  /** Sessions opened; the first, and one for each rotation and each reconnection. */
  readonly sessions: number;
  /** Sessions that broke. */
  readonly reconnections: number;
  /** Not yet acknowledged. */
  readonly bufferedFragments: number;
  readonly bufferedBytes: number;
  /** Of data tracks, and before the first key frame. */
  readonly droppedSamples: number;
  /** Times in ms of the last fragments that were told. */
  readonly receivedTimecodeMs: number | undefined;
  readonly persistedTimecodeMs: number | undefined;
}

export interface PutMediaOptions {
  /** The stream's name, or its ARN. */
  readonly streamName?: string | undefined;
  readonly streamArn?: string | undefined;
  readonly source: PutMediaSource;
  readonly region: string;
  /** Asked for anew for each session when it is a function. */
  readonly credentials: Credentials | (() => Promise<Credentials>);
  /** Where GetDataEndpoint is asked; by default that of AWS in this region. */
  readonly controlEndpoint?: string | undefined;
  /** Where PutMedia goes, when that is known; the control plane is not asked then. */
  readonly endpoint?: string | undefined;
  /** Makes the stream, archived for this long, when the control plane says that there is none. Needs `streamName`. */
  readonly createStream?: { readonly retentionHours: number } | undefined;
  /** When the first sample happened; now by default. All others follow by their media time. */
  readonly startTime?: Date | undefined;
  /** Sends samples when their time has come, as a camera would, instead of as fast as they are taken. */
  readonly realTime?: boolean | undefined;
  /** A fragment ends at the first key frame after this; 2000 ms by default. */
  readonly fragmentMs?: number | undefined;
  /** Tags for a fragment that begins. */
  readonly tags?:
    | ((fragment: { readonly timecodeMs: number }) => Readonly<Record<string, string>> | undefined)
    | undefined;
  /**
   * Which acknowledgement frees a fragment: PERSISTED where the stream is archived, RECEIVED where its retention is 0. Asked
   * of the control plane by default, PERSISTED when `endpoint` is given.
   */
  readonly freeOn?: 'RECEIVED' | 'PERSISTED' | undefined;
  /** Unacknowledged media held for sending again, above which the source is not read; 64 MiB by default. */
  readonly maxBufferBytes?: number | undefined;
  /** A session is replaced at the first fragment after this; 40 min by default, since the service ends it after 45. */
  readonly maxSessionMs?: number | undefined;
  /** A session from which nothing is heard for this long while fragments wait is broken; 60 s by default. */
  readonly ackTimeoutMs?: number | undefined;
  /** Sessions that break one after another, without an acknowledgement between, before the upload fails; 10 by default. */
  readonly maxFailures?: number | undefined;
  /** Pause after the first broken session; doubled after each further one, up to 30 s, and shortened by chance by up to a half. */
  readonly backoffMs?: number | undefined;
  readonly onProgress?: ((progress: PutMediaProgress) => void) | undefined;
  /** A session broke and will be replaced. */
  readonly onReconnect?: ((error: PutMediaError, delayMs: number) => void) | undefined;
  /** Ends the upload; its iterator throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Settings {
  readonly fragmentMs: number;
  readonly maxBufferBytes: number;
  readonly maxSessionMs: number;
  readonly ackTimeoutMs: number;
  readonly maxFailures: number;
  readonly backoffMs: number;
}

/** The numbers, with their defaults. */
export function settingsOf(options: PutMediaOptions): Settings {
  return {
    fragmentMs: options.fragmentMs ?? 2000,
    maxBufferBytes: options.maxBufferBytes ?? 64 << 20,
    maxSessionMs: options.maxSessionMs ?? 40 * 60_000,
    ackTimeoutMs: options.ackTimeoutMs ?? 60_000,
    maxFailures: options.maxFailures ?? 10,
    backoffMs: options.backoffMs ?? 500,
  };
}
