import type { Access, Principal, Recognition } from '../../access/access.ts';
import { StreamError } from '../../streams/stream-service.ts';
import { type RtmpTarget, readTarget } from './rtmp-address.ts';
import { RtmpError } from './rtmp-error.ts';
import type { ConnectRequest, StreamRefusal } from './server-session.ts';

/** Who may publish and play, and how a refusal is worded. Words for the peer and the log, never with a secret in them. */

export class RefusedError extends Error {
  readonly code: StreamRefusal;

  constructor(code: StreamRefusal, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

/** Whoever asks, and from where. */
export interface Caller {
  readonly connect: ConnectRequest;
  readonly remoteAddress: string;
  /** Who it is, where it has proved that already with user and password. */
  readonly user?: Principal | undefined;
}

const REASONS: Readonly<Record<Extract<Recognition, { ok: false }>['reason'], string>> = {
  'no-credentials':
    'A stream key is needed: rtmp://host/live/<stream>?key=<key>, or rtmp://<key id>:<key>@host/auth/<stream>.',
  invalid: 'The stream key is not valid.',
  expired: 'The stream key has expired.',
  'rate-limited': 'Too many wrong keys from this address; try again later.',
};

/** A stream, and by what right. */
export interface Admission {
  readonly stream: string;
  readonly principal: Principal;
}

/** The stream that the caller may publish. Throws RefusedError. */
export function admitPublisher(access: Access, name: string, caller: Caller, nowMs: number): Admission {
  const target = targetOf(name, caller, 'NetStream.Publish.BadName');
  const secret = target.secret ?? target.token;
  const recognition = recognize(caller, secret, () =>
    access.recognizeSecret(secret, caller.remoteAddress, nowMs),
  );
  const principal = admitted(recognition, 'NetStream.Publish.Denied');
  if (!principal.may({ action: 'publish', stream: target.stream })) {
    throw new RefusedError('NetStream.Publish.Denied', 'The key may not publish this stream.');
  }
  return { stream: target.stream, principal };
}

/** The stream that the caller may watch live. Throws RefusedError. */
export function admitPlayer(access: Access, name: string, caller: Caller, nowMs: number): Admission {
  const { stream, secret, token } = targetOf(name, caller, 'NetStream.Play.StreamNotFound');
  const { remoteAddress } = caller;
  const recognition = recognize(caller, secret ?? token, () =>
    token === undefined || secret !== undefined
      ? access.recognizeSecret(secret, remoteAddress, nowMs)
      : access.recognizeHttp({ headers: {}, token, remoteAddress }, nowMs),
  );
  const principal = admitted(recognition, 'NetStream.Play.Failed');
  if (!principal.may({ action: 'view', stream, of: 'live' })) {
    throw new RefusedError('NetStream.Play.Failed', 'The key may not view this stream.');
  }
  return { stream, principal };
}

/** What the stream service's refusal is in RTMP; other errors are thrown on. */
export function refusalOf(error: unknown, kind: 'publish' | 'play'): RefusedError {
  if (error instanceof RefusedError) return error;
  if (!(error instanceof StreamError)) throw error;
  if (kind === 'play') {
    const isUnknown = error.code === 'not-found' || error.code === 'invalid-name';
    return new RefusedError(
      isUnknown ? 'NetStream.Play.StreamNotFound' : 'NetStream.Play.Failed',
      error.message,
    );
  }
  switch (error.code) {
    case 'busy':
    case 'invalid-name':
    case 'not-found':
    case 'auto-create-off':
    case 'already-exists':
      return new RefusedError('NetStream.Publish.BadName', error.message);
    case 'limit-exceeded':
      return new RefusedError('NetStream.Publish.Denied', error.message);
    case 'log-failed':
    case 'closing':
      return new RefusedError('NetStream.Failed', error.message);
  }
}

function targetOf(name: string, { connect }: Caller, code: StreamRefusal): RtmpTarget {
  try {
    return readTarget({ app: connect.app, tcUrl: connect.tcUrl, name });
  } catch (error) {
    if (error instanceof RtmpError) throw new RefusedError(code, `Bad stream name: ${error.message}.`);
    throw error;
  }
}

/** Who names a key means it, also where a user is known. */
function recognize(caller: Caller, given: string | undefined, look: () => Recognition): Recognition {
  const { user } = caller;
  return user !== undefined && given === undefined ? { ok: true, principal: user } : look();
}

function admitted(recognition: Recognition, code: StreamRefusal) {
  if (!recognition.ok) throw new RefusedError(code, REASONS[recognition.reason]);
  return recognition.principal;
}
