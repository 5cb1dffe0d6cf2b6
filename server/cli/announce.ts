import type { Config } from '../config.ts';
import { version } from '../observe/version.ts';

/** The server that runs, as app.ts gives it. */
export interface ListeningServer {
  readonly ports: { readonly http: number; readonly rtmp: number; readonly rtmps?: number | undefined };
  /** One-time login link of the admin; none in open mode. */
  readonly loginUrl?: string | undefined;
}

/** The contract's line for programs that start a server: what listens where. */
export function listeningLine(server: ListeningServer, config: Config, pid: number): string {
  const { ports, loginUrl } = server;
  return `${JSON.stringify({
    event: 'listening',
    pid,
    version,
    http: { host: config.http.host, port: ports.http },
    rtmp: { host: config.rtmp.host, port: ports.rtmp },
    ...(ports.rtmps === undefined ? {} : { rtmps: { host: config.rtmp.host, port: ports.rtmps } }),
    dataDir: config.dataDir,
    ...(loginUrl === undefined ? {} : { loginUrl }),
  })}\n`;
}

/** The same for people: where to look, and how to publish. */
export function listeningText(server: ListeningServer, config: Config): string {
  const keyHint = config.access.open ? '' : '?key=SECRET';
  const lines = [
    `Framelog ${version} keeps its data in ${config.dataDir}`,
    `  page     ${pageUrl(server, config)}`,
    ...(server.loginUrl === undefined
      ? []
      : [
          `  log in   ${server.loginUrl}`,
          `           (works once, within ${config.access.loginLinkMinutes} minutes)`,
        ]),
    `  publish  ${publishUrl(server, config, 'STREAM')}${keyHint}`,
    ...(config.access.open
      ? []
      : [
          `  keys     framelog keys create --data ${config.dataDir} --name "front door" --publish front-door`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Said at every start in open mode, on stderr. */
export const OPEN_MODE_WARNING =
  'OPEN MODE: anybody on this machine may publish, view and delete without a key. Leave out --open for anything but a trial.\n';

/** Where users open the page. */
export function pageUrl(server: ListeningServer, config: Config): string {
  const { http } = config;
  if (http.publicUrl !== undefined) return `${http.publicUrl}/`;
  return `${http.tls === undefined ? 'http' : 'https'}://${urlHost(http.host)}:${server.ports.http}/`;
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
