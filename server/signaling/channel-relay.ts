import type { ByteBudget } from '../../fragments/log/byte-budget.ts';
import { parseClientMessage } from './client-message.ts';
import { HeldMessages } from './held-messages.ts';
import { GO_AWAY, relayedMessage, statusResponse } from './server-message.ts';
import type { SignalingChannel } from './signaling-channels.ts';
import type { SignalingCounters, SignalingEnd } from './signaling-counters.ts';
import { SignalingError } from './signaling-error.ts';
import type { SignalingSettings } from './signaling-settings.ts';
import { TokenBucket } from './token-bucket.ts';

/** One end of a connection, as the relay uses it. Neither call may throw. */
export interface SignalingPeer {
  /** Sends a text frame. */
  send(text: string): void;
  /** Hangs up; the relay does not know the peer any more. */
  close(reason: SignalingEnd): void;
}

/** The place that a peer takes in a channel. */
export type Seat = { readonly role: 'master' } | { readonly role: 'viewer'; readonly clientId: string };

/** A peer that joined a channel. */
export interface SignalingMember {
  /** Takes a text frame. Bad ones are counted, and answered where they have a correlation id. */
  receive(text: string, nowMs: number): void;
  /** The peer gave a sign of life that is no message: a ping of its own. */
  touch(nowMs: number): void;
  /** The connection is gone. Idempotent; nothing happens when the relay ended it itself. */
  leave(): void;
}

interface Member {
  readonly seat: Seat;
  readonly peer: SignalingPeer;
  readonly joinedMs: number;
  readonly sdp: TokenBucket | undefined;
  readonly ice: TokenBucket | undefined;
  activeMs: number;
  toldToGo: boolean;
}

/** Time that a client has to go after it was told to (kvs.md §6.2). */
const GO_AWAY_GRACE_MS = 60_000;
/** The master among receivers; clients cannot be called so. */
const MASTER = '';

/**
 * The live side of one signaling channel: one master, its viewers, and messages for those who are not there (kvs.md §6.2).
 * Sans-IO: peers are called back, the time is passed in.
 */
export class ChannelRelay {
  #channel: SignalingChannel;
  readonly #settings: SignalingSettings;
  readonly #counters: SignalingCounters;
  readonly #held: HeldMessages;
  /** By client id; the master by MASTER. */
  readonly #members = new Map<string, Member>();
  readonly #connects: { master: TokenBucket; viewer: TokenBucket } | undefined;

  constructor(
    channel: SignalingChannel,
    options: {
      readonly settings: SignalingSettings;
      readonly counters: SignalingCounters;
      readonly heldBudget: ByteBudget;
      readonly nowMs: number;
    },
  ) {
    const { settings, counters, heldBudget, nowMs } = options;
    this.#channel = channel;
    this.#settings = settings;
    this.#counters = counters;
    this.#held = new HeldMessages(settings.held, heldBudget);
    const rate = settings.connectsPerSecond;
    this.#connects =
      rate === null
        ? undefined
        : { master: new TokenBucket(rate, nowMs), viewer: new TokenBucket(rate, nowMs) };
  }

  /** Nobody is here and nothing is held: the relay can be forgotten. */
  get isIdle(): boolean {
    return this.#members.size === 0 && this.#held.count === 0;
  }

  /**
   * Judges whether somebody may take a seat; the answer seats a peer, at once. A newer master, or viewer of the same client
   * id, takes the place of the older; then what was held is delivered. Throws SignalingError `ClientLimitExceededException`.
   */
  admit(seat: Seat, nowMs: number): (peer: SignalingPeer) => SignalingMember {
    this.#refuseTooMany(seat, nowMs);
    return (peer) => this.#seat(seat, peer, nowMs);
  }

  /** What time does: held messages expire, silent and old connections end. `channel`: as it is now; a deleted one has `undefined`. */
  tick(channel: SignalingChannel | undefined, nowMs: number): void {
    if (channel === undefined) {
      this.close('deleted');
      return;
    }
    this.#channel = channel;
    this.#counters.expired += this.#held.expire(nowMs);
    const { idleMs, maxConnectionMs } = this.#settings;
    for (const member of this.#members.values()) {
      const ageMs = nowMs - member.joinedMs;
      if (idleMs !== null && nowMs - member.activeMs >= idleMs) this.#end(member, 'idle');
      else if (maxConnectionMs === null || ageMs < maxConnectionMs) continue;
      else if (ageMs >= maxConnectionMs + GO_AWAY_GRACE_MS) this.#end(member, 'expired');
      else if (!member.toldToGo) {
        member.toldToGo = true;
        member.peer.send(GO_AWAY);
      }
    }
  }

  /** Ends all connections and forgets all messages. */
  close(reason: 'deleted' | 'closing'): void {
    for (const member of this.#members.values()) this.#end(member, reason);
    this.#held.clear();
  }

  #seat(seat: Seat, peer: SignalingPeer, nowMs: number): SignalingMember {
    const key = keyOf(seat);
    const member: Member = {
      seat,
      peer,
      joinedMs: nowMs,
      sdp: bucket(this.#settings.sdpPerSecond, nowMs),
      ice: bucket(this.#settings.icePerSecond, nowMs),
      activeMs: nowMs,
      toldToGo: false,
    };
    const older = this.#members.get(key);
    if (older !== undefined) this.#end(older, 'replaced');
    this.#members.set(key, member);
    this.#counters[levelOf(seat)] += 1;
    this.#counters.joined += 1;
    this.#counters.expired += this.#held.expire(nowMs);
    for (const text of this.#held.take(key)) {
      this.#counters.delivered += 1;
      peer.send(text);
    }
    return {
      receive: (text, atMs) => this.#receive(member, text, atMs),
      touch: (atMs) => {
        member.activeMs = atMs;
      },
      leave: () => void this.#remove(member),
    };
  }

  #receive(member: Member, text: string, nowMs: number): void {
    if (this.#members.get(keyOf(member.seat)) !== member) return;
    member.activeMs = nowMs;
    try {
      this.#relay(member, text, nowMs);
    } catch (error) {
      if (!(error instanceof SignalingError)) throw error;
      if (error.code === 'InvalidArgumentException') this.#counters.badMessages += 1;
      if (error.correlationId !== undefined) member.peer.send(statusResponse(error, error.correlationId));
    }
  }

  #relay(member: Member, text: string, nowMs: number): void {
    const message = parseClientMessage(text);
    const { correlationId, recipientClientId, kind } = message;
    const limit = kind === 'ICE_CANDIDATE' ? member.ice : member.sdp;
    if (limit?.take(nowMs) === false) {
      this.#counters.rateLimited += 1;
      throw new SignalingError('ClientLimitExceededException', 'Too many messages a second.', correlationId);
    }
    // Viewers speak to the master only: webrtc-c's viewers put any name of a master there.
    const receiver = member.seat.role === 'viewer' ? MASTER : recipientClientId;
    if (receiver === undefined) {
      const message = 'A master must name the recipientClientId.';
      throw new SignalingError('InvalidArgumentException', message, correlationId);
    }
    const out = relayedMessage(message, member.seat.role === 'viewer' ? member.seat.clientId : undefined);
    const peer = this.#members.get(receiver);
    if (peer !== undefined) {
      this.#counters.relayed += 1;
      peer.activeMs = nowMs;
      peer.peer.send(out);
      return;
    }
    this.#counters.expired += this.#held.expire(nowMs);
    if (this.#held.add(receiver, out, nowMs + this.#channel.messageTtlMs)) {
      this.#counters.held += 1;
      return;
    }
    this.#counters.overflowed += 1;
    throw new SignalingError(
      'ClientLimitExceededException',
      'The receiver is not connected, and too many messages wait already.',
      correlationId,
    );
  }

  #refuseTooMany(seat: Seat, nowMs: number): void {
    if (this.#connects?.[seat.role].take(nowMs) === false) {
      throw new SignalingError('ClientLimitExceededException', 'Too many connections a second.');
    }
    if (seat.role === 'master' || this.#members.has(seat.clientId)) return;
    const viewers = this.#members.size - (this.#members.has(MASTER) ? 1 : 0);
    if (viewers < this.#settings.maxViewers) return;
    const message = `The channel has ${viewers} viewers, and may not have more.`;
    throw new SignalingError('ClientLimitExceededException', message);
  }

  #end(member: Member, reason: SignalingEnd): void {
    if (!this.#remove(member)) return;
    this.#counters.ended[reason] += 1;
    // A replaced viewer is not asked to come back: it would displace the one that is it.
    if (reason === 'closing' || (reason === 'replaced' && member.seat.role === 'master')) {
      member.peer.send(GO_AWAY);
    }
    member.peer.close(reason);
  }

  #remove(member: Member): boolean {
    const key = keyOf(member.seat);
    if (this.#members.get(key) !== member) return false;
    this.#members.delete(key);
    this.#counters[levelOf(member.seat)] -= 1;
    return true;
  }
}

function keyOf(seat: Seat): string {
  return seat.role === 'master' ? MASTER : seat.clientId;
}

function levelOf(seat: Seat): 'masters' | 'viewers' {
  return seat.role === 'master' ? 'masters' : 'viewers';
}

function bucket(perSecond: number | null, nowMs: number): TokenBucket | undefined {
  return perSecond === null ? undefined : new TokenBucket(perSecond, nowMs);
}
