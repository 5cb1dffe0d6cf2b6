import { MAX_PAYLOAD_CHARS, parseClientMessage } from '../../../server/signaling/client-message.ts';
import { SignalingError } from '../../../server/signaling/signaling-error.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const payload = Buffer.from('{"type":"offer","sdp":"v=0"}').toString('base64');

/** Text frames of signaling clients: typed errors only, and nothing passes that the other end could choke on. */
export const target: FuzzTarget = {
  name: 'signaling-message',
  seeds: () =>
    [
      `{"action":"SDP_OFFER","messagePayload":"${payload}","recipientClientId":"abc","correlationId":"x"}`,
      `{\n\t"action": "ICE_CANDIDATE",\n\t"RecipientClientId": "",\n\t"MessagePayload": "${payload}",\n\t"CorrelationId": "1"\n}`,
      `{"action":"SDP_OFFER","MessagePayload":"${payload}","IceServerList":[{"Password":"p","Ttl":298,"Uris":["turn:h:443"],"Username":"u"}]}`,
    ].map((text) => Buffer.from(text)),
  run(input) {
    const message = parseClientMessage(Buffer.from(input).toString());
    const names = [message.recipientClientId, message.correlationId];
    if (message.payload.length > MAX_PAYLOAD_CHARS || names.some((name) => name?.includes('"'))) {
      throw new Error('took a message that breaks its own rules');
    }
  },
  isTyped: (error) => error instanceof SignalingError,
};
