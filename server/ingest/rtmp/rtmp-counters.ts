import type { RtmpErrorCode } from './rtmp-error.ts';

/** What happened at the RTMP door since the start, for metrics. Numbers only grow, but for the three marked as levels. */
export interface RtmpCounters {
  /** Level: open connections. */
  connections: number;
  /** Level. */
  publishers: number;
  /** Level. */
  players: number;
  acceptedConnections: number;
  /** Closed at once: too many, and none to make room. */
  refusedConnections: number;
  /** Closed before they published or played, to make room for newer ones. */
  displacedConnections: number;
  receivedBytes: number;
  publications: number;
  /** Connections that were asked for user and password. */
  challenges: number;
  /** Connections with a wrong user, password or answer. */
  refusedUsers: number;
  /** publish and play that were refused: no right, name taken, ... */
  refusedStreams: number;
  /** Connections that did not publish or play in time. */
  handshakeTimeouts: number;
  /** Publishers that fell silent. */
  idleTimeouts: number;
  /** Peers that did not read what they were sent. */
  stalledReaders: number;
  /** Players that fell behind the live window and were moved on to its newest fragment. */
  playerSkips: number;
  /** Audio or video without a publication. */
  ignoredMessages: number;
  /** Media of further tracks of a kind: the first of each kind is stored. */
  skippedTrackPackets: number;
  /** Media in codecs or forms that are not stored. */
  unsupportedPackets: number;
  /** Media before its decoder configuration. */
  unconfiguredPackets: number;
  /** Tags and decoder configurations that could not be read. */
  badTags: number;
  /** Connections closed for a violation of the protocol, by kind. */
  readonly protocolErrors: Partial<Record<RtmpErrorCode, number>>;
}

export function createRtmpCounters(): RtmpCounters {
  return {
    connections: 0,
    publishers: 0,
    players: 0,
    acceptedConnections: 0,
    refusedConnections: 0,
    displacedConnections: 0,
    receivedBytes: 0,
    publications: 0,
    challenges: 0,
    refusedUsers: 0,
    refusedStreams: 0,
    handshakeTimeouts: 0,
    idleTimeouts: 0,
    stalledReaders: 0,
    playerSkips: 0,
    ignoredMessages: 0,
    skippedTrackPackets: 0,
    unsupportedPackets: 0,
    unconfiguredPackets: 0,
    badTags: 0,
    protocolErrors: {},
  };
}
