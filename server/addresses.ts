import type { Config } from './config.ts';

/** The server that runs, as app.ts gives it. */
export interface ListeningServer {
  readonly ports: { readonly http: number; readonly rtmp: number; readonly rtmps?: number | undefined };
  /** One-time login link of the admin; none in open mode. */
  readonly loginUrl?: string | undefined;
}

/** Where users open the page. */
export function pageUrl(server: ListeningServer, config: Config): string {
  return `${httpOrigin(server.ports.http, config)}/`;
}

/** Where clients reach the HTTP port: what the operator says, else the address it listens on. */
export function httpOrigin(port: number, config: Config): string {
  const { http } = config;
  if (http.publicUrl !== undefined) return http.publicUrl;
  return `${http.tls === undefined ? 'http' : 'https'}://${urlHost(http.host)}:${port}`;
}

/** Where a camera publishes a stream. */
export function publishUrl(server: ListeningServer, config: Config, stream: string): string {
  return `rtmp://${urlHost(config.rtmp.host)}:${server.ports.rtmp}/live/${stream}`;
}

/** A host as it stands in a URL that works on this machine. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
