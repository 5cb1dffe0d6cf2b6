import type { SignalingMember } from './channel-relay.ts';
import { SignalingError } from './signaling-error.ts';
import type { SignalingRelay } from './signaling-relay.ts';

/** An offer to a master from a caller that has no WebSocket (SendAlexaOfferToMaster). */
export interface Offer {
  readonly channelArn: string;
  readonly senderClientId: string;
  /** Base64. */
  readonly payload: string;
  /** How long an answer is waited for: the channel's message TTL. */
  readonly waitMs: number;
}

/**
 * Sends an offer to the master of a channel, now or when it comes, and waits for its answer. Resolves with the answer's payload, or
 * with `undefined` when none came in time. Throws as SignalingRelay.join does, and the signal's reason when it aborts.
 */
export async function offerToMaster(
  relay: SignalingRelay,
  offer: Offer,
  options: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const { nowMs, signal } = options;
  signal.throwIfAborted();
  const seat = { role: 'viewer', clientId: offer.senderClientId } as const;
  const member: SignalingMember = relay.join(
    offer.channelArn,
    seat,
    {
      send: (text) => {
        const message = JSON.parse(text) as { messageType?: unknown; messagePayload?: unknown };
        // Candidates come in the answer itself: the caller has no way to be told of more.
        if (message.messageType === 'SDP_ANSWER') resolve(String(message.messagePayload));
        else if (message.messageType === 'STATUS_RESPONSE') reject(refused());
      },
      close: () => resolve(undefined),
    },
    nowMs,
  );
  const timer = setTimeout(() => resolve(undefined), offer.waitMs);
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    const message = { action: 'SDP_OFFER', messagePayload: offer.payload, correlationId: 'offer' };
    member.receive(JSON.stringify(message), nowMs);
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    member.leave();
  }
}

/** The model has checked the offer: only a full channel, or its rate, can be the reason. */
function refused(): SignalingError {
  return new SignalingError('ClientLimitExceededException', 'Too many messages wait for the master.');
}
