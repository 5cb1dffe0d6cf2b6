import { ConfigError } from '../../../server/config/config-error.ts';
import { parseConfigFile, resolveConfig } from '../../../server/config/parse.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const seeds = [
  '{}',
  '{"http":{"host":"0.0.0.0","port":8080,"publicUrl":"https://a.b","tls":{"certFile":"c","keyFile":"k"}}}',
  '{"rtmp":{"port":0,"maxMessageBytes":"16MiB"},"log":{"sync":"fragment","fileMaxBytes":1e9,"backlogBytes":"1.5 GiB"}}',
  '{"streams":{"retentionHours":null,"maxBytes":null,"autoCreate":false},"access":{"open":true},"logs":{"pretty":null}}',
  '{"__proto__":{"port":1},"htpp":[[[[{}]]]],"live":{"partMs":-1e400}}',
];

/** The configuration file, from its text to the checked settings. */
export const target: FuzzTarget = {
  name: 'config',
  seeds: () => seeds.map((seed) => Buffer.from(seed)),
  run(input) {
    resolveConfig([parseConfigFile(Buffer.from(input).toString(), 'fuzz.json')]);
  },
  isTyped: (error) => error instanceof ConfigError,
};
