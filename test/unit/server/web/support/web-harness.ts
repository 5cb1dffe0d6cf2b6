import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Express } from 'express';
import pino from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../../../fragments/log/clock.ts';
import { SyncGroup } from '../../../../../fragments/log/sync-group.ts';
import { DecodeError } from '../../../../../ml/decode/decode-job.ts';
import { AccessControl } from '../../../../../server/access/access-control.ts';
import { SqliteCatalog } from '../../../../../server/catalog/sqlite-catalog.ts';
import { Webhooks } from '../../../../../server/delivery/webhooks/webhooks.ts';
import { type Detection, openDetection } from '../../../../../server/detection/open-detection.ts';
import { openFaces } from '../../../../../server/faces/open-faces.ts';
import { LookbackJobs } from '../../../../../server/lookback/lookback-jobs.ts';
import type { HealthReport } from '../../../../../server/observe/health.ts';
import { ImageService } from '../../../../../server/playback/images/image-service.ts';
import { DataStreams } from '../../../../../server/records/data-streams.ts';
import { ConsumerGroups } from '../../../../../server/records/groups/consumer-groups.ts';
import { RecordStore } from '../../../../../server/records/log/record-store.ts';
import { createWebApp } from '../../../../../server/web/web-app.ts';
import type { WebSettings } from '../../../../../server/web/web-dependencies.ts';
import { MemoryStore } from '../../../fragments/log/support/memory-store.ts';
import { ScriptedSupervisor } from '../../detection/support/scripted-supervisor.ts';
import { FakeKeys } from './fake-keys.ts';
import { FakeStreams, START_MS } from './fake-streams.ts';

/** The web app on a real socket, over streams and keys in memory. */
export interface WebHarness {
  readonly app: Express;
  readonly url: string;
  readonly streams: FakeStreams;
  /** Real ones, on a disk in memory. */
  readonly records: DataStreams;
  /** Real, on a disk; its watches are scripted. Streams have to be in the catalog as well to be configured. */
  readonly detection: Detection;
  readonly supervisor: ScriptedSupervisor;
  readonly catalog: SqliteCatalog;
  readonly keys: FakeKeys;
  readonly access: AccessControl;
  readonly metrics: Registry;
  /** Lines that were logged, as JSON text. */
  readonly logLines: string[];
  /** The clock; tests set it. */
  nowMs: number;
  health: HealthReport;
  /** Says that the server begins to close. */
  readonly closing: AbortController;
  /** `Authorization` of an admin key. */
  readonly admin: { readonly authorization: string };
  /** Requests a path; a body is sent as JSON. Redirects are not followed. */
  request(path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Response>;
  /** The answer's JSON, checked for its status. */
  json(
    path: string,
    init?: RequestInit & { readonly json?: unknown; readonly status?: number },
  ): Promise<unknown>;
}

/** Status of a GET with headers that `fetch` does not let through as they are. */
export function rawGet(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

export async function startWeb(t: TestContext, settings: Partial<WebSettings> = {}): Promise<WebHarness> {
  const keys = new FakeKeys();
  const streams = new FakeStreams();
  const metrics = new Registry();
  const logLines: string[] = [];
  const access = new AccessControl(keys, {
    open: settings.open ?? false,
    sessionLifetimeMs: 3_600_000,
    loginLinkLifetimeMs: 600_000,
  });
  const adminKey = keys.add([{ action: 'admin' }], START_MS);
  const harness = {
    nowMs: START_MS + 60_000,
    health: { checks: { http: true, rtmp: true } } as HealthReport,
    closing: new AbortController(),
  };
  const { records, groups, catalog, folder } = openRecords(t);
  const supervisor = new ScriptedSupervisor();
  const detection = openDetection({
    dataDir: folder,
    settings: { defaultTier: 'off', dataStream: 'framelog-events', retentionHours: null, maxEvents: 1000 },
    supervisor,
    // There is no media to watch.
    streams: { record: (name) => streams.record(name), peek: () => undefined },
    configurations: catalog.configurations,
    records,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
  });
  const lookback = new LookbackJobs({
    catalog: catalog.jobs,
    streams,
    supervisor,
    store: detection.events,
    maxRunning: 1,
    logger: pino({ level: 'silent' }),
    now: () => harness.nowMs,
  });
  const webhooks = new Webhooks({
    catalog: catalog.webhooks,
    events: detection.events,
    sinks: detection.sinks,
    maxWebhooks: 10,
    timeoutMs: 1000,
    logger: pino({ level: 'silent' }),
    now: Date.now,
  });
  t.after(async () => {
    await webhooks.close();
    await lookback.close();
    await detection.close();
  });
  const faces = openFaces({
    dataDir: folder,
    settings: { maxFaces: 10 },
    supervisor,
    streams,
    images: new ImageService({ decode: () => Promise.reject(new DecodeError('busy', 'no decoder')) }, 0),
    clock: { ...systemClock, nowMs: () => harness.nowMs },
    logger: pino({ level: 'silent' }),
  });
  t.after(() => faces.close());
  const app = createWebApp({
    streams,
    records,
    groups,
    detection: detection.service,
    lookback,
    events: detection.events,
    sinks: () => detection.sinks.states(),
    faces,
    webhooks,
    access,
    keys,
    metrics,
    health: () => harness.health,
    logger: pino({ level: 'trace' }, { write: (line: string) => logLines.push(line) }),
    now: () => harness.nowMs,
    closing: harness.closing.signal,
    settings: {
      version: '1.2.3',
      open: false,
      publishUrl: (host) => `rtmp://${host}:1935/live`,
      ...settings,
    },
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const request: WebHarness['request'] = (path, { json, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (json !== undefined) headers.set('content-type', 'application/json');
    const body = json === undefined ? (init.body ?? null) : JSON.stringify(json);
    return fetch(`${url}${path}`, { redirect: 'manual', ...init, headers, body });
  };
  const json: WebHarness['json'] = async (path, { status = 200, ...init } = {}) => {
    const response = await request(path, init);
    const text = await response.text();
    if (response.status !== status) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const rest = {
    app,
    url,
    streams,
    records,
    detection,
    supervisor,
    catalog,
    keys,
    access,
    metrics,
    logLines,
    request,
    json,
  };
  return Object.assign(harness, rest, { admin: { authorization: `Bearer ${adminKey.secret}` } });
}

/** What the service of data streams and detection stand on. */
function openRecords(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-web-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  t.after(() => catalog.close());
  const syncGroup = new SyncGroup({ policy: 'fragment', intervalMs: 100, clock: systemClock });
  const store = new RecordStore({ store: new MemoryStore(), syncGroup });
  const records = new DataStreams({ catalog: catalog.records, store, enforceLimits: false });
  t.after(() => records.close());
  return { records, groups: new ConsumerGroups({ records, catalog: catalog.groups }), catalog, folder };
}
