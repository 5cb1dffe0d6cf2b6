import type { FragmentEvent } from '../../streams/stream-service.ts';
import { type AckSubject, fragmentAck } from './ack-line.ts';
import { measure, type StreamPutMediaCounters } from './put-media-counters.ts';

interface Begun extends AckSubject {
  readonly firstByteMs: number;
  lastByteMs: number;
}

export interface FragmentAcksOptions {
  readonly send: (ack: string) => void;
  readonly counters: StreamPutMediaCounters;
  /** Does the stream keep media? Without, nothing is ever called persisted (kvs.md §2.3). */
  readonly isArchived: () => boolean;
}

/** Acknowledges the fragments of one session as they get on. */
export class FragmentAcks {
  readonly #options: FragmentAcksOptions;
  /** By number, from BUFFERING to the last acknowledgement. */
  readonly #begun = new Map<string, Begun>();

  constructor(options: FragmentAcksOptions) {
    this.#options = options;
  }

  /** A fragment has begun. */
  begin(subject: AckSubject, firstByteMs: number, nowMs: number): void {
    this.#begun.set(subject.number, { ...subject, firstByteMs, lastByteMs: nowMs });
    this.#options.send(fragmentAck('BUFFERING', subject));
    measure(this.#options.counters.bufferingAck, nowMs - firstByteMs);
  }

  /** Nothing more is said of this fragment: an error was. */
  forget(number: string): void {
    this.#begun.delete(number);
  }

  /** A fragment got on; `lastByteMs`: when bytes came last. Answers it when it was lost. */
  take({ type, number }: FragmentEvent, nowMs: number, lastByteMs: number): AckSubject | undefined {
    const begun = this.#begun.get(number);
    if (begun === undefined) return undefined;
    const { send, counters, isArchived } = this.#options;
    if (type === 'received') {
      begun.lastByteMs = lastByteMs;
      counters.incomingFragments++;
      measure(counters.fragmentIngestion, lastByteMs - begun.firstByteMs);
      measure(counters.receivedAck, nowMs - lastByteMs);
      send(fragmentAck('RECEIVED', begun));
      return undefined;
    }
    this.#begun.delete(number);
    if (type === 'lost') return begun;
    measure(counters.fragmentPersist, nowMs - begun.lastByteMs);
    if (!isArchived()) return undefined;
    measure(counters.persistedAck, nowMs - begun.lastByteMs);
    send(fragmentAck('PERSISTED', begun));
    return undefined;
  }
}
