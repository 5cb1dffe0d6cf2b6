/** What the HTTP port has counted since its start; read by the metrics. */
export interface HttpCounters {
  connections: number;
  /** Connections refused because `maxConnections` were open. */
  connectionsRefused: number;
  requests: number;
  /** Requests to change to WebSocket. */
  upgrades: number;
  /** Requests whose bytes were not HTTP, or whose target was not a URL. */
  badRequests: number;
  /** Requests that a media route failed to answer: each is a bug or a broken disk, and has a log line. */
  failures: number;
  /** Viewers dropped because they took no byte for too long, or too few to ever get to the end. */
  slowViewersDropped: number;
  /** Viewers that went away in the middle of a response. */
  aborted: number;
  /** Media bytes handed to sockets from memory. */
  hotBytes: number;
  /** Media bytes handed to sockets from the log's files. */
  coldBytes: number;
}

export function newHttpCounters(): HttpCounters {
  return {
    connections: 0,
    connectionsRefused: 0,
    requests: 0,
    upgrades: 0,
    badRequests: 0,
    failures: 0,
    slowViewersDropped: 0,
    aborted: 0,
    hotBytes: 0,
    coldBytes: 0,
  };
}
