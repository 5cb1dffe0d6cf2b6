import type { SignalingPeer } from '../../../../server/signaling/channel-relay.ts';
import type { SignalingChannel } from '../../../../server/signaling/signaling-channels.ts';
import type { SignalingEnd } from '../../../../server/signaling/signaling-counters.ts';
import { SignalingRelay } from '../../../../server/signaling/signaling-relay.ts';
import {
  DEFAULT_SIGNALING_SETTINGS,
  type SignalingSettings,
} from '../../../../server/signaling/signaling-settings.ts';

export const ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:channel/door/1700000000000';

/** A peer that remembers what it was told. */
export class FakePeer implements SignalingPeer {
  readonly texts: string[] = [];
  ended: SignalingEnd | undefined;

  send(text: string): void {
    this.texts.push(text);
  }

  close(reason: SignalingEnd): void {
    this.ended = reason;
  }

  get messages(): unknown[] {
    return this.texts.map((text): unknown => JSON.parse(text));
  }
}

/** A relay with one channel, which can be changed and deleted. */
export function relayWith(settings: Partial<SignalingSettings> = {}) {
  const channels = new Map<string, SignalingChannel>([
    [ARN, { name: 'door', arn: ARN, messageTtlMs: 60_000 }],
  ]);
  const relay = new SignalingRelay(
    { find: (arn) => channels.get(arn) },
    { ...DEFAULT_SIGNALING_SETTINGS, ...settings },
  );
  const join = (clientId?: string, nowMs = 0) => {
    const peer = new FakePeer();
    const seat = clientId === undefined ? { role: 'master' as const } : { role: 'viewer' as const, clientId };
    return { peer, member: relay.join(ARN, seat, peer, nowMs) };
  };
  return { relay, channels, join };
}

export const PAYLOAD = Buffer.from(JSON.stringify({ type: 'offer', sdp: 'v=0\r\n' })).toString('base64');

/** A message as webrtc-js writes it. */
export function jsMessage(action: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ action, messagePayload: PAYLOAD, ...more });
}

/** A message as webrtc-c writes it. */
export function cMessage(action: string, recipient: string, correlationId = '', rest = ''): string {
  const correlation = correlationId === '' ? '' : `,\n\t"CorrelationId": "${correlationId}"`;
  return `{\n\t"action": "${action}",\n\t"RecipientClientId": "${recipient}",\n\t"MessagePayload": "${PAYLOAD}"${correlation}${rest}\n}`;
}
