import { existsSync } from 'node:fs';
import { makeKey } from '../access/key-factory.ts';
import { describeRight } from '../access/rights.ts';
import type { KeyRecord, Right } from '../catalog/catalog.ts';
import { streamPatternSchema } from '../catalog/right-schema.ts';
import { catalogPath, SqliteCatalog } from '../catalog/sqlite-catalog.ts';
import { readFlags } from '../config/flags.ts';
import { loadConfig } from '../config.ts';
import { defineCommand } from './command.ts';
import { parseExpiry } from './expiry.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { CommandError, UsageError } from './usage-error.ts';

/** Flags that all three commands have. A running server sees what they change with its next check. */
const commonFlags = {
  data: { type: 'string', value: 'DIR', help: 'Data folder of the server (./framelog-data).' },
  config: { type: 'string', value: 'FILE', help: "The server's settings, which may name the data folder." },
  json: { type: 'boolean', help: 'Answer in JSON.' },
} as const;

export const createKey = defineCommand({
  positionals: [],
  options: {
    name: { type: 'string', value: 'NAME', help: 'What the key is for; shown in lists.' },
    publish: {
      type: 'string',
      multiple: true,
      value: 'PATTERN',
      help: 'May publish these streams; * stands for anything.',
    },
    view: {
      type: 'string',
      multiple: true,
      value: 'PATTERN',
      help: 'May view these streams, live and recorded.',
    },
    admin: { type: 'boolean', help: 'May do everything.' },
    expires: {
      type: 'string',
      value: 'WHEN',
      help: 'When it ends: 30d, 12h, 2027-01-31, or an ISO 8601 instant.',
    },
    ...commonFlags,
  },
  details: 'The secret is shown once, now. A running server takes the key at once.',
  examples: [
    { line: 'framelog keys create --name "front door" --publish front-door', what: 'For one camera.' },
    {
      line: 'framelog keys create --name wall --view "*" --expires 30d',
      what: 'May view everything for 30 days.',
    },
    {
      line: 'framelog keys create --name site-2 --publish "site2-*" --view "site2-*"',
      what: 'For a site of cameras.',
    },
  ],
  async run(options, _positionals, terminal) {
    const nowMs = Date.now();
    const rights: Right[] = [
      ...(options.admin === true ? [{ action: 'admin' } as const] : []),
      ...(options.publish ?? []).map(
        (text) => ({ action: 'publish', stream: pattern('--publish', text) }) as const,
      ),
      ...(options.view ?? []).map((text) => ({ action: 'view', stream: pattern('--view', text) }) as const),
    ];
    if (rights.length === 0)
      throw new UsageError('give it a right: --publish PATTERN, --view PATTERN or --admin');
    if (options.name === undefined || options.name === '') throw new UsageError('--name is missing');
    const expiresMs = options.expires === undefined ? null : parseExpiry(options.expires, nowMs);
    const key = makeKey({ name: options.name, rights, expiresMs }, nowMs);
    withCatalog(options, terminal, (catalog) => catalog.insertKey(key));
    if (options.json === true)
      terminal.out(`${JSON.stringify({ ...publicFacts(key), secret: key.secret })}\n`);
    else terminal.out(createdText(key));
    return 0;
  },
});

export const listKeys = defineCommand({
  positionals: [],
  options: commonFlags,
  examples: [
    { line: 'framelog keys list --data ./data', what: 'All keys, also those that have ended; no secrets.' },
  ],
  async run(options, _positionals, terminal) {
    const keys = withCatalog(options, terminal, (catalog) => catalog.listKeys());
    if (options.json === true) terminal.out(`${JSON.stringify(keys.map(publicFacts))}\n`);
    else terminal.out(listText(keys, Date.now()));
    return 0;
  },
});

export const revokeKey = defineCommand({
  positionals: ['ID'],
  options: commonFlags,
  details: 'Whoever uses the key is refused from now on; browser sessions that were opened with it end too.',
  examples: [
    {
      line: 'framelog keys revoke FLX3KQ7ABCDEFGHIJKLM --data ./data',
      what: 'The id is in `framelog keys list`.',
    },
  ],
  async run(options, [id = ''], terminal) {
    const nowMs = Date.now();
    const known = withCatalog(
      options,
      terminal,
      (catalog) => catalog.revokeKey(id, nowMs) || catalog.key(id) !== undefined,
    );
    if (!known) throw new CommandError(`there is no key ${id}: see framelog keys list`);
    if (options.json === true) terminal.out(`${JSON.stringify({ id, revoked: true })}\n`);
    else terminal.out(`Revoked ${id}.\n`);
    return 0;
  },
});

interface DataOptions {
  readonly data?: string;
  readonly config?: string;
}

/** Works on the catalog of the data folder, beside the server when one runs. */
function withCatalog<T>(options: DataOptions, terminal: Terminal, work: (catalog: SqliteCatalog) => T): T {
  const flags = readFlags({ data: options.data });
  const { config } = loadConfig({ file: options.config, environment: terminal.env, flags });
  const path = catalogPath(config.dataDir);
  if (!existsSync(path)) {
    throw new CommandError(
      `there is no Framelog data in ${config.dataDir}: give --data DIR, or start the server once`,
    );
  }
  const catalog = SqliteCatalog.open(path);
  try {
    return work(catalog);
  } finally {
    catalog.close();
  }
}

function pattern(flag: string, text: string): string {
  const parsed = streamPatternSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${flag} ${text}: ${parsed.error.issues[0]?.message}`);
}

function publicFacts({ secret: _, ...facts }: KeyRecord): Omit<KeyRecord, 'secret'> {
  return facts;
}

function createdText(key: KeyRecord): string {
  const publishes = key.rights.find((right) => right.action === 'publish');
  const hint =
    publishes === undefined
      ? ''
      : `publish  rtmp://HOST:1935/live/${publishes.stream.includes('*') ? 'STREAM' : publishes.stream}?key=${key.secret}\n`;
  return (
    `id       ${key.id}\nsecret   ${key.secret}\nmay      ${key.rights.map(describeRight).join(', ')}\n` +
    `expires  ${key.expiresMs === null ? 'never' : new Date(key.expiresMs).toISOString()}\n${hint}` +
    'Keep the secret: it is not shown again.\n'
  );
}

function listText(keys: readonly KeyRecord[], nowMs: number): string {
  const rows = keys.map((key) => [
    key.id,
    stateOf(key, nowMs),
    new Date(key.createdMs).toISOString().slice(0, 10),
    key.rights.map(describeRight).join(', '),
    key.name,
  ]);
  return table([['id', 'state', 'created', 'may', 'name'], ...rows]);
}

function stateOf(key: KeyRecord, nowMs: number): string {
  if (key.revokedMs !== null) return 'revoked';
  if (key.expiresMs === null) return 'valid';
  return key.expiresMs <= nowMs ? 'expired' : `until ${new Date(key.expiresMs).toISOString().slice(0, 10)}`;
}
