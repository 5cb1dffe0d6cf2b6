import { type ListeningServer, pageUrl, publishUrl } from '../addresses.ts';
import type { Config } from '../config.ts';
import { version } from '../observe/version.ts';

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
