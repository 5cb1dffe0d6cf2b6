import type { SignalingErrorCode } from './signaling-error.ts';

/** What the signaling service has counted since its start. */
export interface SignalingCounters {
  /** Connected now. */
  masters: number;
  viewers: number;
  /** Handshakes that were taken. */
  joined: number;
  /** Handshakes that were refused, by error. */
  readonly refusedHandshakes: Record<SignalingErrorCode, number>;
  /** Messages handed to a peer that was there. */
  relayed: number;
  /** Messages kept for a peer that was not, ... */
  held: number;
  /** ... handed over when it came, ... */
  delivered: number;
  /** ... forgotten since it did not come in time, ... */
  expired: number;
  /** ... or refused since too many waited. */
  overflowed: number;
  /** Messages that were malformed or named no receiver. */
  badMessages: number;
  /** Messages beyond the configured rate. */
  rateLimited: number;
  /** Connections ended by the service, by reason. */
  readonly ended: Record<SignalingEnd, number>;
}

/**
 * Why the service ended a connection: a newer one took its place, nothing was said for too long, it lasted as long as it may, its
 * channel was deleted, its key ended, it did not answer pings, it did not read, it broke the WebSocket protocol, the server closes.
 */
export type SignalingEnd =
  | 'replaced'
  | 'idle'
  | 'expired'
  | 'deleted'
  | 'revoked'
  | 'dead'
  | 'slow'
  | 'protocol'
  | 'closing';

export function newSignalingCounters(): SignalingCounters {
  return {
    masters: 0,
    viewers: 0,
    joined: 0,
    refusedHandshakes: {
      InvalidArgumentException: 0,
      ClientLimitExceededException: 0,
      AccessDeniedException: 0,
      ResourceNotFoundException: 0,
    },
    relayed: 0,
    held: 0,
    delivered: 0,
    expired: 0,
    overflowed: 0,
    badMessages: 0,
    rateLimited: 0,
    ended: {
      replaced: 0,
      idle: 0,
      expired: 0,
      deleted: 0,
      revoked: 0,
      dead: 0,
      slow: 0,
      protocol: 0,
      closing: 0,
    },
  };
}
