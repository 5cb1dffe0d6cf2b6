import { SessionError } from './session-error.ts';

/** What the query string of a session's child says (kvs.md §4.3). */
export interface SessionQuery {
  readonly token: string;
  readonly trackNumber: number | undefined;
  /** Which version of the decoder configuration. */
  readonly sequenceNumber: number | undefined;
  /** Digits: a fragment number in HLS, a count from 1 in DASH. */
  readonly fragmentNumber: string | undefined;
}

const INTEGER = /^\d{1,9}$/;
const FRAGMENT_NUMBER = /^\d{1,128}$/;

/**
 * Reads the query: what we know must be well-formed and stand once; what we do not know is passed over (players add
 * parameters of their own). Throws SessionError `InvalidArgumentException`, or `AccessDeniedException` without a token.
 */
export function parseSessionQuery(params: URLSearchParams): SessionQuery {
  const token = single(params, 'SessionToken');
  if (token === undefined || token === '') {
    throw new SessionError('AccessDeniedException', 'The request has no SessionToken.');
  }
  const fragmentNumber = single(params, 'FragmentNumber');
  if (fragmentNumber !== undefined && !FRAGMENT_NUMBER.test(fragmentNumber)) {
    throw new SessionError('InvalidArgumentException', 'FragmentNumber is a decimal number.');
  }
  return {
    token,
    trackNumber: integer(params, 'TrackNumber'),
    sequenceNumber: integer(params, 'SequenceNumber'),
    fragmentNumber,
  };
}

function integer(params: URLSearchParams, name: string): number | undefined {
  const text = single(params, name);
  if (text === undefined) return undefined;
  if (!INTEGER.test(text)) throw new SessionError('InvalidArgumentException', `${name} is a decimal number.`);
  return Number(text);
}

function single(params: URLSearchParams, name: string): string | undefined {
  const values = params.getAll(name);
  if (values.length > 1) throw new SessionError('InvalidArgumentException', `${name} may stand only once.`);
  return values[0];
}
