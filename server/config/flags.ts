import { ConfigError } from './config-error.ts';
import { type GivenValue, type Layer, unknownSetting } from './parse.ts';
import { settings, valueOfText } from './settings.ts';

/** The flags of `framelog serve` that stand for settings. */
export interface SettingFlags {
  readonly data?: string | undefined;
  /** HOST:PORT */
  readonly http?: string | undefined;
  /** HOST:PORT */
  readonly rtmp?: string | undefined;
  readonly open?: boolean | undefined;
  /** NAME=VALUE for any setting. */
  readonly set?: readonly string[] | undefined;
}

/** Reads the flags; `--set` comes last. Throws ConfigError `invalid`. */
export function readFlags(flags: SettingFlags): Layer {
  const layer = new Map<string, GivenValue>();
  if (flags.data !== undefined) layer.set('dataDir', { value: flags.data, source: '--data' });
  if (flags.open !== undefined) layer.set('access.open', { value: flags.open, source: '--open' });
  for (const group of ['http', 'rtmp'] as const) {
    const text = flags[group];
    if (text === undefined) continue;
    const { host, port } = parseHostPort(text, `--${group}`);
    if (host !== undefined) layer.set(`${group}.host`, { value: host, source: `--${group}` });
    layer.set(`${group}.port`, { value: port, source: `--${group}` });
  }
  for (const assignment of flags.set ?? []) {
    const [name, value] = parseAssignment(assignment);
    layer.set(name, { value, source: `--set ${name}` });
  }
  return layer;
}

/** Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` and `PORT`; without a host the configured one stays. */
export function parseHostPort(text: string, flag: string): { readonly host?: string; readonly port: number } {
  const [, ipv6, name, port] = /^(?:(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new ConfigError('invalid', [
      `${flag} must be HOST:PORT, like 127.0.0.1:8080 or [::1]:8080, not ${text}`,
    ]);
  }
  const host = ipv6 ?? name;
  return host === undefined || host === '' ? { port: Number(port) } : { host, port: Number(port) };
}

function parseAssignment(assignment: string): [name: string, value: unknown] {
  const equals = assignment.indexOf('=');
  if (equals < 0) {
    throw new ConfigError('invalid', [`--set must be NAME=VALUE, like live.partMs=200, not ${assignment}`]);
  }
  const name = assignment.slice(0, equals);
  const setting = settings.get(name);
  if (setting === undefined) throw new ConfigError('invalid', [`--set: ${unknownSetting(name)}`]);
  return [name, valueOfText(setting, assignment.slice(equals + 1))];
}
