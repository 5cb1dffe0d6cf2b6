import { DEFAULT_SESSION_SETTINGS, type ServerSessionSettings } from './server-session.ts';

/** Bounds and time-outs of the RTMP door. */
export interface RtmpSettings {
  readonly session: ServerSessionSettings;
  /** When it is reached, the oldest connection that neither publishes nor plays makes room; with none such, the new one is closed. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** From the first byte to an accepted publish or play, whatever is sent meanwhile. */
  readonly handshakeTimeoutMs: number;
  /** A publisher that finishes no message for this long is dead. It is pinged at half the time. */
  readonly idleTimeoutMs: number;
  /** A peer that reads nothing for this long, while something waits for it, is dropped. */
  readonly readTimeoutMs: number;
}

export const DEFAULT_RTMP_SETTINGS: RtmpSettings = {
  session: DEFAULT_SESSION_SETTINGS,
  maxConnections: 5000,
  maxConnectionsPerAddress: 1000,
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 20_000,
  readTimeoutMs: 15_000,
};
