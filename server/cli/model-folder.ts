import { resolve } from 'node:path';
import { readFlags } from '../config/flags.ts';
import { loadConfig } from '../config.ts';
import { modelDirectoryOf } from '../detection/model-directory.ts';
import type { Terminal } from './terminal.ts';

/** Flags of commands that work on the models of a server. */
export const modelFlags = {
  models: { type: 'string', value: 'DIR', help: 'Folder of models (`models` in the data folder).' },
  data: { type: 'string', value: 'DIR', help: 'Data folder of the server (./framelog-data).' },
  config: { type: 'string', value: 'FILE', help: "The server's settings, which may name the folders." },
} as const;

interface ModelOptions {
  readonly models?: string;
  readonly data?: string;
  readonly config?: string;
}

/** The folder in which the server looks for models. Throws ConfigError. */
export function modelFolder({ models, data, config: file }: ModelOptions, terminal: Terminal): string {
  if (models !== undefined) return resolve(models);
  const { config } = loadConfig({ file, environment: terminal.env, flags: readFlags({ data }) });
  return modelDirectoryOf(config);
}
