import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from './config/config-error.ts';
import { readEnvironment } from './config/environment.ts';
import { type Layer, parseConfigFile, resolveConfig } from './config/parse.ts';
import type { Config } from './config/schema.ts';

export { ConfigError } from './config/config-error.ts';
export type { Config } from './config/schema.ts';

/** More than any configuration needs; a log file given by mistake is not read whole. */
const MAX_FILE_BYTES = 256 * 1024;

/** Where a configuration comes from. */
export interface ConfigSources {
  /** Path of the file, when there is one. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Made by config/flags.ts. */
  readonly flags: Layer;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Things that look like mistakes and are none for sure: unknown FRAMELOG_ variables. */
  readonly warnings: readonly string[];
}

/** Loads the configuration: flags win over the environment, that over the file, that over the defaults. Throws ConfigError. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const file: Layer = sources.file === undefined ? new Map() : readConfigFile(sources.file);
  const environment = readEnvironment(sources.environment);
  const config = resolveConfig([file, environment.layer, sources.flags]);
  return { config: { ...config, dataDir: resolve(config.dataDir) }, warnings: environment.warnings };
}

/** The configuration of nothing but defaults, and what is given: for tests and programs that embed the server. */
export function makeConfig(given: Readonly<Record<string, unknown>> = {}): Config {
  return resolveConfig([parseConfigFile(JSON.stringify(given), 'the given configuration')]);
}

function readConfigFile(path: string): Layer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('unreadable', [`the configuration file cannot be read: ${reason}`], { cause });
  }
  if (bytes.length > MAX_FILE_BYTES) {
    throw new ConfigError('unreadable', [`${path} is no configuration file: it has ${bytes.length} bytes`]);
  }
  return parseConfigFile(bytes.toString(), path);
}
