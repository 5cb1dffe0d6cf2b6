import { PutMediaError } from './put-media-error.ts';

/** Acknowledgements of PutMedia (kvs.md §2.3): JSON objects, each on a line of its own. */

/** What became of one fragment. */
export interface FragmentAck {
  /** Its first byte has come; all of it has come; it is durable. */
  readonly eventType: 'BUFFERING' | 'RECEIVED' | 'PERSISTED';
  /** The fragment's own time as it was sent, in ms. */
  readonly fragmentTimecodeMs: number;
  readonly fragmentNumber: string;
}

export interface ErrorAck {
  readonly eventType: 'ERROR';
  readonly errorId: number;
  readonly errorCode: string;
  readonly fragmentTimecodeMs?: number;
  readonly fragmentNumber?: string;
}

/** Nothing came from us for a while. */
export interface IdleAck {
  readonly eventType: 'IDLE';
}

export type PutMediaAck = FragmentAck | ErrorAck | IdleAck;

/** Lines are under 1,024 bytes (kvs.md §8). */
const MAX_LINE_BYTES = 16_384;

/** Acknowledgements of a response body that comes in pieces. */
export class AckParser {
  #rest = '';
  readonly #decoder = new TextDecoder();

  /** Throws PutMediaError `BadReply` for lines that are no acknowledgement. Unknown event types are passed over. */
  push(bytes: Uint8Array): PutMediaAck[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE_BYTES) throw badReply('an acknowledgement without an end');
    return lines.flatMap((line) => {
      const ack = line.trim() === '' ? undefined : parseAck(line);
      return ack === undefined ? [] : [ack];
    });
  }
}

function parseAck(line: string): PutMediaAck | undefined {
  const fields = parseObject(line);
  const fragmentTimecodeMs = numberOf(fields.FragmentTimecode);
  const fragmentNumber = typeof fields.FragmentNumber === 'string' ? fields.FragmentNumber : undefined;
  switch (fields.EventType) {
    case 'BUFFERING':
    case 'RECEIVED':
    case 'PERSISTED':
      if (fragmentTimecodeMs === undefined || fragmentNumber === undefined) {
        throw badReply('an acknowledgement of no fragment');
      }
      return { eventType: fields.EventType, fragmentTimecodeMs, fragmentNumber };
    case 'ERROR': {
      const errorId = numberOf(fields.ErrorId);
      if (errorId === undefined) throw badReply('an error without an id');
      return {
        eventType: 'ERROR',
        errorId,
        errorCode: typeof fields.ErrorCode === 'string' ? fields.ErrorCode : String(errorId),
        ...(fragmentTimecodeMs === undefined ? {} : { fragmentTimecodeMs }),
        ...(fragmentNumber === undefined ? {} : { fragmentNumber }),
      };
    }
    case 'IDLE':
      return { eventType: 'IDLE' };
    default:
      return undefined;
  }
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw badReply('an acknowledgement that is no JSON', { cause });
  }
  throw badReply('an acknowledgement that is no object');
}

/** Values may be strings or numbers (kvs.md §2.3). */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function badReply(message: string, options?: ErrorOptions): PutMediaError {
  return new PutMediaError('BadReply', message, { isRetryable: true }, options);
}

/** Ids after which the C producer sends the fragment again (kvs.md §2.4); it does so, too, after those it does not know. */
const FATAL_IDS = new Set([
  4001, 4002, 4004, 4005, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4500, 4501, 4502, 4503, 4504, 4505, 4506,
  4507,
]);

/** The error that an ERROR acknowledgement tells. */
export function errorOf(ack: ErrorAck): PutMediaError {
  const { errorId, errorCode, fragmentTimecodeMs, fragmentNumber } = ack;
  const of = fragmentTimecodeMs === undefined ? '' : ` for the fragment at ${fragmentTimecodeMs} ms`;
  return new PutMediaError(errorCode, `the service answered ${errorCode} (${errorId})${of}`, {
    errorId,
    isRetryable: !FATAL_IDS.has(errorId),
    ...(fragmentTimecodeMs === undefined ? {} : { fragmentTimecodeMs }),
    ...(fragmentNumber === undefined ? {} : { fragmentNumber }),
  });
}
