import type { HeldLimits } from './held-messages.ts';

/** Limits of the signaling service. `null`: none. */
export interface SignalingSettings {
  /** Viewers of one channel at once. AWS: 10. */
  readonly maxViewers: number;
  /** A connection on which nothing is said for this long is ended. AWS: 10 minutes. */
  readonly idleMs: number | null;
  /** A connection that lasts longer is told to go away, and ended a minute later. AWS: 1 hour. */
  readonly maxConnectionMs: number | null;
  /** Connections to one channel and role, a second. AWS: 3. */
  readonly connectsPerSecond: number | null;
  /** Offers and answers of one connection, a second. AWS: 5. */
  readonly sdpPerSecond: number | null;
  /** ICE candidates of one connection, a second. AWS: 20. */
  readonly icePerSecond: number | null;
  /** What one channel holds for absent peers. */
  readonly held: HeldLimits;
  /** What all channels together hold for absent peers. */
  readonly totalHeldBytes: number;
}

export const DEFAULT_SIGNALING_SETTINGS: SignalingSettings = {
  maxViewers: 100,
  idleMs: 600_000,
  maxConnectionMs: null,
  connectsPerSecond: null,
  sdpPerSecond: null,
  icePerSecond: null,
  held: { maxMessages: 512, maxBytes: 1 << 20 },
  totalHeldBytes: 64 << 20,
};
