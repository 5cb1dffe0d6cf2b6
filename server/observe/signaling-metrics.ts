import type { Registry } from 'prom-client';
import type { SignalingRelay } from '../signaling/signaling-relay.ts';
import { Instruments } from './instruments.ts';

/** Puts the metrics of WebRTC signaling into the server's registry; the relay is read at each scrape. */
export function createSignalingMetrics(
  registry: Registry,
  relay: Pick<SignalingRelay, 'counters' | 'heldBytes'>,
): void {
  const { counters } = relay;
  const instruments = new Instruments(registry);
  instruments.levelBy(
    'framelog_signaling_connections',
    'Open signaling connections by what they are.',
    'role',
    () => ({ master: counters.masters, viewer: counters.viewers }),
  );
  instruments.count(
    'framelog_signaling_joined_total',
    'Signaling connections that were taken.',
    () => counters.joined,
  );
  instruments.countBy(
    'framelog_signaling_refused_total',
    'Signaling handshakes that were refused, by error.',
    'code',
    () => counters.refusedHandshakes,
  );
  instruments.countBy(
    'framelog_signaling_ended_total',
    'Signaling connections that the server ended, by reason.',
    'reason',
    () => counters.ended,
  );
  instruments.countBy(
    'framelog_signaling_messages_total',
    'Messages of signaling clients: relayed at once, held for an absent peer, delivered when it came, expired before, refused since too many ' +
      'waited (overflowed), malformed (bad), beyond the configured rate (rate-limited).',
    'fate',
    () => ({
      relayed: counters.relayed,
      held: counters.held,
      delivered: counters.delivered,
      expired: counters.expired,
      overflowed: counters.overflowed,
      bad: counters.badMessages,
      'rate-limited': counters.rateLimited,
    }),
  );
  instruments.level(
    'framelog_signaling_held_bytes',
    'Messages held for absent peers.',
    () => relay.heldBytes,
  );
}
