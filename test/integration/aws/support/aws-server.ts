import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { makeKey } from '../../../../server/access/key-factory.ts';
import { type Surroundings, startServer } from '../../../../server/app.ts';
import type { Right } from '../../../../server/catalog/catalog.ts';
import { catalogPath, SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import { makeConfig } from '../../../../server/config.ts';

/** An access key of the server under test. */
export interface TestKey {
  readonly id: string;
  readonly secret: string;
}

/** The whole server in this process, on free ports of loopback, with keys made for the test. */
export interface AwsTestServer {
  /** `http://127.0.0.1:PORT`, also what GetDataEndpoint answers. */
  readonly endpoint: string;
  readonly rtmpPort: number;
  readonly region: string;
  readonly accountId: string;
  readonly dataDir: string;
  /** May do everything. */
  readonly admin: TestKey;
  /** Makes a key with these rights. */
  addKey(rights: readonly Right[]): TestKey;
  revokeKey(id: string): void;
  /** Log lines so far, as JSON texts. */
  readonly logLines: readonly string[];
  /** Lines of level error and worse: what went wrong inside. */
  errorLines(): string[];
}

/** Starts a server that is closed, and whose data is removed, when the test ends. `settings`: as in a config file. */
export async function startAwsServer(
  t: TestContext,
  settings: Readonly<Record<string, unknown>> = {},
  surroundings: Partial<Surroundings> = {},
): Promise<AwsTestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-aws-'));
  const logLines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logLines.push(String(chunk));
      done();
    },
  });
  const config = makeConfig({
    ...settings,
    dataDir,
    http: { port: 0, ...(settings.http as object | undefined) },
    rtmp: { port: 0 },
  });
  const server = await startServer(config, {
    logger: pino({ level: 'info' }, sink),
    nowMs: Date.now,
    ...surroundings,
  });
  const catalog = SqliteCatalog.open(catalogPath(dataDir));
  t.after(async () => {
    catalog.close();
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const addKey = (rights: readonly Right[]): TestKey => {
    const key = makeKey({ name: 'test', rights, expiresMs: null }, Date.now());
    catalog.insertKey(key);
    return { id: key.id, secret: key.secret };
  };
  const scheme = config.http.tls === undefined ? 'http' : 'https';
  return {
    endpoint: `${scheme}://127.0.0.1:${server.ports.http}`,
    rtmpPort: server.ports.rtmp,
    ...config.aws,
    dataDir,
    admin: addKey([{ action: 'admin' }]),
    addKey,
    revokeKey: (id) => void catalog.revokeKey(id, Date.now()),
    logLines,
    errorLines: () => logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50),
  };
}
