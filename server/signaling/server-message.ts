import type { ClientMessage } from './client-message.ts';
import type { SignalingError } from './signaling-error.ts';

/** A client's message as its receiver gets it; without `senderClientId` when the master sends. */
export function relayedMessage(message: ClientMessage, senderClientId: string | undefined): string {
  return JSON.stringify({
    ...(senderClientId === undefined ? {} : { senderClientId }),
    messageType: message.kind,
    messagePayload: message.payload,
    ...(message.iceServers === undefined ? {} : { IceServerList: message.iceServers.map(knownMembers) }),
  });
}

/** What became of a message that was refused. */
export function statusResponse(error: SignalingError, correlationId: string): string {
  return JSON.stringify({
    messageType: 'STATUS_RESPONSE',
    statusResponse: {
      correlationId,
      errorType: error.code,
      statusCode: String(error.status),
      description: error.message,
    },
  });
}

/**
 * "Reconnect." It has no payload member: webrtc-c takes an empty one for damaged base64 and would not act; webrtc-js passes over it
 * either way, and reconnects when the socket closes.
 */
export const GO_AWAY = JSON.stringify({ messageType: 'GO_AWAY' });

function knownMembers(server: NonNullable<ClientMessage['iceServers']>[number]) {
  const { Password, Ttl, Uris, Username } = server;
  return { Password, Ttl, Uris, Username };
}
