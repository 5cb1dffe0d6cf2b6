import { ACK_ERROR_IDS, type AckErrorCode } from './ack-error.ts';

/**
 * Acknowledgements as they go over the wire: flat JSON objects, each on a line of its own (kvs.md §2.3). The C producer takes no
 * more than 1,024 bytes at a time and matches by `FragmentTimecode`, so each goes out by a write of its own.
 */

/** A fragment as its producer knows it. */
export interface AckSubject {
  /** The cluster's own time in whole ms, relative or absolute as it was sent. */
  readonly timecodeMs: number;
  readonly number: string;
}

/** What an error that concerns no fragment names (recorded, kvs.md §2.3). */
export const NO_FRAGMENT: AckSubject = { timecodeMs: -1, number: '' };

export function fragmentAck(type: 'BUFFERING' | 'RECEIVED' | 'PERSISTED', subject: AckSubject): string {
  return `${JSON.stringify({ EventType: type, ...fieldsOf(subject) })}\n`;
}

export function errorAck(code: AckErrorCode, subject: AckSubject): string {
  const error = { ErrorCode: code, ErrorId: ACK_ERROR_IDS[code] };
  return `${JSON.stringify({ EventType: 'ERROR', ...fieldsOf(subject), ...error })}\n`;
}

export const IDLE_ACK = '{"EventType":"IDLE"}\n';

function fieldsOf({ timecodeMs, number }: AckSubject) {
  return { FragmentTimecode: timecodeMs, FragmentNumber: number };
}
