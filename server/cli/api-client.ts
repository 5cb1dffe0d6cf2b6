import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ADMIN_KEY_FILE } from '../access/first-start.ts';
import { httpOrigin } from '../addresses.ts';
import { readFlags } from '../config/flags.ts';
import { loadConfig } from '../config.ts';
import type { Terminal } from './terminal.ts';
import { CommandError, UsageError } from './usage-error.ts';

/** Flags of commands that ask a running server. */
export const apiFlags = {
  server: { type: 'string', value: 'URL', help: 'The running server (http://127.0.0.1:8080).' },
  key: {
    type: 'string',
    value: 'SECRET',
    help: "Secret of an admin key; also FRAMELOG_KEY. On the server's machine its data folder tells it.",
  },
  data: { type: 'string', value: 'DIR', help: 'Data folder of the server (./framelog-data).' },
  config: {
    type: 'string',
    value: 'FILE',
    help: "The server's settings, which may name address and folder.",
  },
} as const;

interface ApiOptions {
  readonly server?: string;
  readonly key?: string;
  readonly data?: string;
  readonly config?: string;
}

const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const adminKeySchema = z.object({ secretAccessKey: z.string() });

/** The REST API of a running server, for commands. */
export class ApiClient {
  readonly #origin: string;
  readonly #secret: string | undefined;

  private constructor(origin: string, secret: string | undefined) {
    this.#origin = origin;
    this.#secret = secret;
  }

  /** Throws UsageError for a wrong address, CommandError for a key file that cannot be read. */
  static of(options: ApiOptions, { env }: Terminal): ApiClient {
    const flags = readFlags({ data: options.data });
    const { config } = loadConfig({ file: options.config, environment: env, flags });
    const origin = options.server ?? httpOrigin(config.http.port, config);
    if (!/^https?:\/\/[^/\s]+\/?$/.test(origin)) {
      throw new UsageError(`--server must be an address like http://127.0.0.1:8080, not ${origin}`);
    }
    const secret = options.key ?? env.FRAMELOG_KEY ?? adminSecretOf(config.dataDir);
    return new ApiClient(origin.replace(/\/$/, ''), secret);
  }

  /** Answers what the server answers, checked. Throws CommandError with the server's own words. */
  async ask<T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    schema: z.ZodType<T>,
    body?: object,
  ): Promise<T> {
    const response = await this.#fetch(method, path, body);
    const json: unknown = await response.json();
    if (!response.ok) {
      const refusal = refusalSchema.safeParse(json);
      const said = refusal.success ? refusal.data.error.message : `status ${response.status}`;
      const hint = response.status === 401 ? ' Give --key SECRET, or --data DIR of the server.' : '';
      throw new CommandError(`${said}${hint}`);
    }
    const answer = schema.safeParse(json);
    if (answer.success) return answer.data;
    throw new CommandError(`${this.#origin} does not answer as this version of Framelog does`, {
      cause: answer.error,
    });
  }

  async #fetch(method: string, path: string, body: object | undefined): Promise<Response> {
    try {
      return await fetch(`${this.#origin}${path}`, {
        method,
        headers: {
          ...(this.#secret === undefined ? {} : { authorization: `Bearer ${this.#secret}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new CommandError(
        `no server answers at ${this.#origin}: start it with framelog serve, or give --server URL`,
        { cause },
      );
    }
  }
}

function adminSecretOf(dataDir: string): string | undefined {
  const path = join(dataDir, ADMIN_KEY_FILE);
  if (!existsSync(path)) return undefined;
  try {
    return adminKeySchema.parse(JSON.parse(readFileSync(path, 'utf8'))).secretAccessKey;
  } catch (cause) {
    throw new CommandError(`${path} cannot be read: give --key SECRET`, { cause });
  }
}
