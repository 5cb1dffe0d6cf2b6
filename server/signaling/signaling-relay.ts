import { ByteBudget } from '../../fragments/log/byte-budget.ts';
import { ChannelRelay, type Seat, type SignalingMember, type SignalingPeer } from './channel-relay.ts';
import type { SignalingChannels } from './signaling-channels.ts';
import { newSignalingCounters, type SignalingCounters } from './signaling-counters.ts';
import { SignalingError } from './signaling-error.ts';
import type { SignalingSettings } from './signaling-settings.ts';

/**
 * The signaling channels that are in use: those with peers, or with messages for peers that are to come. Sans-IO; `tick` it
 * every few seconds. Also parts of the server take seats here (a storage session joins as a viewer would).
 */
export class SignalingRelay {
  readonly counters: SignalingCounters = newSignalingCounters();
  readonly #channels: SignalingChannels;
  readonly #settings: SignalingSettings;
  readonly #heldBudget: ByteBudget;
  /** By ARN. */
  readonly #relays = new Map<string, ChannelRelay>();

  constructor(channels: SignalingChannels, settings: SignalingSettings) {
    this.#channels = channels;
    this.#settings = settings;
    this.#heldBudget = new ByteBudget(settings.totalHeldBytes);
  }

  /** Bytes held for absent peers of all channels. */
  get heldBytes(): number {
    return this.#heldBudget.usedBytes;
  }

  /** Seats a peer in a channel. Throws as `admit` does. */
  join(channelArn: string, seat: Seat, peer: SignalingPeer, nowMs: number): SignalingMember {
    return this.admit(channelArn, seat, nowMs)(peer);
  }

  /**
   * Judges whether somebody may take a seat; the answer seats a peer, at once (between the two, a WebSocket is opened).
   * Throws SignalingError `ResourceNotFoundException`, `ClientLimitExceededException`.
   */
  admit(channelArn: string, seat: Seat, nowMs: number): (peer: SignalingPeer) => SignalingMember {
    const channel = this.#channels.find(channelArn);
    if (channel === undefined) {
      throw new SignalingError('ResourceNotFoundException', `There is no channel ${channelArn}.`);
    }
    let relay = this.#relays.get(channelArn);
    if (relay === undefined) {
      const { counters } = this;
      relay = new ChannelRelay(channel, {
        settings: this.#settings,
        counters,
        heldBudget: this.#heldBudget,
        nowMs,
      });
      this.#relays.set(channelArn, relay);
    }
    return relay.admit(seat, nowMs);
  }

  /** What time does to all channels; those that were deleted end. */
  tick(nowMs: number): void {
    for (const [arn, relay] of this.#relays) {
      relay.tick(this.#channels.find(arn), nowMs);
      if (relay.isIdle) this.#relays.delete(arn);
    }
  }

  /** Tells all peers to go away and forgets them. */
  close(): void {
    for (const relay of this.#relays.values()) relay.close('closing');
    this.#relays.clear();
  }
}
