import { readFlags } from '../config/flags.ts';
import { type LoadedConfig, loadConfig } from '../config.ts';
import type { OptionValues } from './command.ts';
import type { Terminal } from './terminal.ts';

/** The flags of commands that start a server: all stand for settings. */
export const serverFlags = {
  data: { type: 'string', value: 'DIR', help: 'Folder of everything that is kept (./framelog-data).' },
  http: {
    type: 'string',
    value: 'HOST:PORT',
    help: 'Page, REST and playback (127.0.0.1:8080); port 0 takes a free one.',
  },
  rtmp: { type: 'string', value: 'HOST:PORT', help: 'Where cameras publish (127.0.0.1:1935).' },
  config: { type: 'string', value: 'FILE', help: 'Settings as JSON; see docs/configuration.md.' },
  set: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'Any setting, e.g. --set live.partMs=200.',
  },
  'part-ms': {
    type: 'string',
    value: 'MS',
    help: 'Length of live parts (500): 200 is quickest, 1000 cheapest.',
  },
  sync: {
    type: 'string',
    value: 'POLICY',
    help: 'When fragments are made durable: fragment, interval, none.',
  },
  'retention-hours': {
    type: 'string',
    value: 'HOURS',
    help: 'How long new streams keep media (until space is needed).',
  },
} as const;

/** Flags that are short for `--set`. */
const SHORT_FOR = {
  'part-ms': 'live.partMs',
  sync: 'log.sync',
  'retention-hours': 'streams.retentionHours',
} as const;

type ServerOptions = OptionValues<typeof serverFlags> & { readonly open?: boolean };

/** The configuration that the flags, the environment and the file give. Throws ConfigError. */
export function configOfFlags(options: ServerOptions, terminal: Terminal): LoadedConfig {
  const assignments = Object.entries(SHORT_FOR).flatMap(([flag, name]) => {
    const value = options[flag as keyof typeof SHORT_FOR];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const { data, http, rtmp, open } = options;
  const flags = readFlags({ data, http, rtmp, open, set: [...assignments, ...(options.set ?? [])] });
  return loadConfig({ file: options.config, environment: terminal.env, flags });
}
