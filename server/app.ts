import type { Logger } from 'pino';
import { systemClock } from '../fragments/log/clock.ts';
import { claimWarmDirectory, WarmDirectoryError } from '../fragments/log/warm-mark.ts';
import { LogStore } from '../fragments/stream/log-store.ts';
import { ModelRegistry } from '../ml/models/model-registry.ts';
import type { DetectionSupervisor } from '../ml/supervisor/supervisor.ts';
import { WorkerSupervisor } from '../ml/supervisor/worker-supervisor.ts';
import { DEFAULT_MODEL } from '../ml/watch/watch-settings.ts';
import { AccessControl } from './access/access-control.ts';
import { findBindProblem } from './access/bind-rule.ts';
import { ensureAdminKey } from './access/first-start.ts';
import { isLoopbackHost } from './access/loopback.ts';
import { httpOrigin, pageUrl } from './addresses.ts';
import { AwsAuthenticator } from './aws/aws-authenticator.ts';
import type { AwsAccount } from './aws/aws-call.ts';
import { createAwsMetrics } from './aws/aws-metrics.ts';
import { createAwsRoute } from './aws/aws-route.ts';
import { ReadLimiter } from './aws/kinesis/read-limiter.ts';
import { Subscriptions } from './aws/kinesis/subscriptions.ts';
import { CatalogSignalingChannels } from './aws/kinesis-video/catalog-signaling-channels.ts';
import { newMediaTotals } from './aws/kinesis-video/media-parts.ts';
import { formatVideoArn } from './aws/kinesis-video/resource-arn.ts';
import { SignalingServer } from './aws/kinesis-video/signaling-server.ts';
import { modelLabels } from './aws/rekognition/model-labels.ts';
import { BodyBudget } from './aws/request-body.ts';
import { createAwsServices } from './aws-services.ts';
import { DataDirLock } from './catalog/data-dir-lock.ts';
import { catalogPath, SqliteCatalog } from './catalog/sqlite-catalog.ts';
import { type Config, ConfigError } from './config.ts';
import { openDelivery } from './delivery/open-delivery.ts';
import { picturePath } from './detection/frame-path.ts';
import { modelDirectoryOf } from './detection/model-directory.ts';
import { openDetection } from './detection/open-detection.ts';
import { openFaces } from './faces/open-faces.ts';
import { newHttpCounters } from './http/http-counters.ts';
import { createHttpServer } from './http/http-server.ts';
import { MediaSender } from './http/media-sender.ts';
import { PutMediaCounters } from './ingest/put-media/put-media-counters.ts';
import { RtmpServer } from './ingest/rtmp/rtmp-server.ts';
import { LookbackJobs } from './lookback/lookback-jobs.ts';
import { catalogNotificationSettings } from './notify/catalog-settings.ts';
import { destinationProblem } from './notify/destinations.ts';
import { Notifier } from './notify/notifier.ts';
import { recordDelivery } from './notify/record-delivery.ts';
import { createConsumedMetrics } from './observe/cloudwatch-metrics.ts';
import { createDeliveryMetrics } from './observe/delivery-metrics.ts';
import { createDetectionMetrics, type DetectionSource } from './observe/detection-metrics.ts';
import { countFragment, createEventCounters } from './observe/event-counters.ts';
import { createFaceMetrics } from './observe/face-metrics.ts';
import { createGroupMetrics } from './observe/group-metrics.ts';
import { Health } from './observe/health.ts';
import { logStoreEvent } from './observe/log-store-lines.ts';
import { createLookbackMetrics } from './observe/lookback-metrics.ts';
import { createMediaMetrics } from './observe/media-metrics.ts';
import { createMetrics } from './observe/metrics.ts';
import { createNotifyMetrics } from './observe/notify-metrics.ts';
import { createProcessorMetrics } from './observe/processor-metrics.ts';
import { createPutMediaMetrics } from './observe/put-media-metrics.ts';
import { createRecordMetrics } from './observe/record-metrics.ts';
import { createSessionMetrics } from './observe/session-metrics.ts';
import { createSignalingMetrics } from './observe/signaling-metrics.ts';
import { version } from './observe/version.ts';
import { createWholeFileMetrics } from './observe/whole-file-metrics.ts';
import {
  accessSettingsOf,
  destinationsOf,
  iceServersOf,
  logSettingsOf,
  mediaSettingsOf,
  notifierSettingsOf,
  putMediaSettingsOf,
  readTls,
  registrySettingsOf,
  rtmpSettingsOf,
  signalingSettingsOf,
  supervisorSettingsOf,
  wholeFilesSettingsOf,
} from './part-settings.ts';
import { ConsumedFragments } from './playback/consumed-fragments.ts';
import { createHlsRoute } from './playback/hls/hls-route.ts';
import { newSessionCounters } from './playback/session/session-counters.ts';
import { createSessionRoutes } from './playback/session/session-routes.ts';
import { Sessions } from './playback/session/sessions.ts';
import { WholeFiles } from './playback/whole-files.ts';
import { openProcessors } from './processors/open-processors.ts';
import { ConsumerGroups } from './records/groups/consumer-groups.ts';
import { openDataStreams } from './records/open-data-streams.ts';
import { SignalingRelay } from './signaling/signaling-relay.ts';
import { StreamRegistry } from './streams/stream-registry.ts';
import { createWebApp } from './web/web-app.ts';

/** What request bodies of AWS clients may take in memory at once. */
const MAX_AWS_BODIES_BYTES = 256 * 1024 * 1024;

/** What is given to the server from outside. */
export interface Surroundings {
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Who looks at frames; default: worker processes. */
  readonly detectionSupervisor?: DetectionSupervisor & DetectionSource['supervisor'];
}

/** A server that listens. */
export interface RunningServer {
  readonly ports: { readonly http: number; readonly rtmp: number; readonly rtmps?: number };
  /** One-time login link of the admin; none in open mode. */
  readonly loginUrl?: string;
  /**
   * Stops listening, tells publishers and viewers, finishes and syncs all fragments, closes the logs. Idempotent.
   */
  close(): Promise<void>;
}

/** Undoes what was started, last first; everything is tried even when something fails. */
class Closers {
  readonly #steps: (() => void | Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.toReversed()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'the server did not close cleanly');
  }
}

/**
 * Puts the parts together and starts them: the log first, the doors last, so that nobody is let in before all is ready.
 * Throws ConfigError, CatalogError `in-use`, or the system's error (EADDRINUSE...); what was started is closed again.
 */
export async function startServer(config: Config, surroundings: Surroundings): Promise<RunningServer> {
  const closers = new Closers();
  try {
    return await start(config, surroundings, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function start(
  config: Config,
  { logger, nowMs, detectionSupervisor }: Surroundings,
  closers: Closers,
): Promise<RunningServer> {
  const problem = findBindProblem(config.access.open, [config.http.host, config.rtmp.host]);
  if (problem !== undefined) throw new ConfigError('invalid', [problem]);
  const httpTls = config.http.tls === undefined ? undefined : readTls(config.http.tls);
  const rtmpTls = config.rtmp.tls === undefined ? undefined : readTls(config.rtmp.tls);
  const health = new Health(['catalog', 'log', 'detection', 'http', 'rtmp']);
  const events = createEventCounters();

  const lock = DataDirLock.acquire(config.dataDir);
  closers.add(() => lock.release());
  const catalog = SqliteCatalog.open(catalogPath(config.dataDir));
  closers.add(() => catalog.close());
  const admin = ensureAdminKey(catalog, process.env, config.dataDir, nowMs());
  if (admin.change !== 'none') logger.info({ keyId: admin.key.id, change: admin.change }, 'admin key');
  const access = new AccessControl(catalog, {
    ...accessSettingsOf(config),
    onRefused: (reason) => {
      events.accessRefusals[reason] += 1;
    },
  });
  health.set('catalog', true);

  claimWarm(config);
  const store = new LogStore({
    ...logSettingsOf(config),
    retentionOf: (name) => streams.retentionOf(name),
    isWarm: (name) => streams.record(name)?.isWarm === true,
    onEvent: (event) => logStoreEvent(logger, event),
  });
  closers.add(() => store.close());
  const files = new WholeFiles(wholeFilesSettingsOf(config), nowMs);
  closers.add(() => files.close());
  const { records, recordStore } = openDataStreams({
    ...config.records,
    dataDir: config.dataDir,
    catalog: catalog.records,
    syncGroup: store.syncGroup,
    onDiskFull: () => store.freeWhenFull(),
    logger,
  });
  closers.add(() => records.close());
  // Before the streams, so that it is closed after them: the last fragments are persisted by their closing.
  const notifier = new Notifier({
    ...notifierSettingsOf(config),
    settings: catalogNotificationSettings(catalog.configurations),
    streams: { peek: (name) => streams.peek(name) },
    images: files.images,
    accountId: config.aws.accountId,
    arnOf: ({ record }) => formatVideoArn({ kind: 'stream', ...record }, config.aws),
    putRecord: recordDelivery(records, nowMs),
    logger,
    now: nowMs,
  });
  closers.add(() => notifier.close());
  const supervisor = detectionSupervisor ?? new WorkerSupervisor(supervisorSettingsOf(config, logger, nowMs));
  closers.add(() => supervisor.close());
  const faces = openFaces({
    dataDir: config.dataDir,
    settings: config.faces,
    supervisor,
    streams: { open: (name) => streams.open(name) },
    images: files.images,
    clock: { ...systemClock, nowMs },
    logger,
  });
  closers.add(() => faces.close());
  const detection = openDetection({
    dataDir: config.dataDir,
    settings: config.detection,
    supervisor,
    streams: { peek: (name) => streams.peek(name), record: (name) => streams.record(name) },
    configurations: catalog.configurations,
    records,
    eventsOf: faces.eventsOf,
    clock: { ...systemClock, nowMs },
    logger,
  });
  closers.add(() => detection.close());
  const consumed = new ConsumedFragments();
  const mediaTotals = newMediaTotals();
  const putMediaCounters = new PutMediaCounters();
  const countersByStream = [consumed, mediaTotals.getMedia, mediaTotals.fragmentList, putMediaCounters];
  const streams = new StreamRegistry({
    ...registrySettingsOf(config),
    catalog,
    logs: store,
    now: nowMs,
    onFragment: (event) => {
      countFragment(events, event);
      notifier.onFragment(event);
    },
    onOpened: (stream) => detection.service.onOpened(stream),
    onDeleted: (name) => {
      detection.service.onDeleted(name);
      void delivery.mqtt?.refresh();
      for (const counters of countersByStream) counters.forget(name);
    },
  });
  closers.add(() => streams.close(nowMs()));
  // What is watched goes on with the next start: it does not see its streams end.
  closers.add(() => detection.service.close());
  await adoptStreams(store, streams, logger);
  store.start();
  health.set('log', true);

  records.start();
  detection.start();
  health.set('detection', true);
  const delivery = openDelivery({
    config,
    catalog,
    events: detection.events,
    sinks: detection.sinks,
    detection: detection.service,
    streams,
    images: files.images,
    version,
    logger,
    now: nowMs,
  });
  closers.add(() => delivery.close());
  const lookback = new LookbackJobs({
    catalog: catalog.jobs,
    streams,
    supervisor,
    store: detection.events,
    eventsOf: faces.eventsOf,
    maxRunning: config.detection.jobs,
    logger,
    now: nowMs,
  });
  closers.add(() => lookback.close());
  lookback.start();
  const groups = new ConsumerGroups({ records, catalog: catalog.groups });
  const subscriptions = new Subscriptions();

  const httpCounters = newHttpCounters();
  const rtmp = new RtmpServer({ streams, access, logger, settings: rtmpSettingsOf(config), now: nowMs });
  const sender = new MediaSender({ counters: httpCounters, logger });
  const hls = createHlsRoute({ streams, access, sender, logger, now: nowMs });
  const playback = {
    sessions: new Sessions(streams, access.secretFor('streaming-session')),
    counters: newSessionCounters(consumed),
  };
  const metrics = createMetrics({
    version,
    events,
    http: httpCounters,
    rtmp: rtmp.counters,
    openStreams: () => streams.openStreams(),
    log: () => store.stats(),
    writers: () => streams.writerCounters(),
    hls,
    nowMs,
  });
  createPutMediaMetrics(metrics, putMediaCounters);
  createMediaMetrics(metrics, mediaTotals);
  createWholeFileMetrics(metrics, files);
  createNotifyMetrics(metrics, notifier);
  createSessionMetrics(metrics, playback.counters);
  createRecordMetrics(metrics, {
    counters: records.counters,
    levels: () => records.levels(),
    store: () => recordStore.stats(),
  });
  createGroupMetrics(metrics, groups, nowMs);
  createConsumedMetrics(metrics, consumed);
  createDetectionMetrics(metrics, { ...detection, supervisor });
  createFaceMetrics(metrics, faces);
  createDeliveryMetrics(metrics, delivery);
  createLookbackMetrics(metrics, lookback);
  const closing = new AbortController();
  let httpPort = config.http.port;
  const account: AwsAccount = { ...config.aws, endpoint: () => httpOrigin(httpPort, config) };
  const { processors, outbox } = openProcessors({
    settings: config.processors,
    catalog: catalog.processors,
    detection: detection.service,
    galleries: faces.galleries,
    streams,
    records,
    frameUri: (stream, frame) => `${account.endpoint()}${picturePath(stream, frame)}`,
    logger,
    clock: { ...systemClock, nowMs },
  });
  closers.add(() => processors.close());
  createProcessorMetrics(metrics, { processors, outbox });
  processors.start();
  const awsBodies = new BodyBudget(MAX_AWS_BODIES_BYTES);
  const authenticator = new AwsAuthenticator(access, account.region);
  const relay = new SignalingRelay(
    new CatalogSignalingChannels(catalog.channels, account),
    signalingSettingsOf(config),
  );
  createSignalingMetrics(metrics, relay);
  const signaling = new SignalingServer({
    relay,
    authenticate: (request, atMs) =>
      authenticator.authenticateUpgrade(request, { service: 'kinesisvideo', nowMs: atMs }),
    logger,
    now: nowMs,
  });
  const aws = createAwsRoute({
    services: createAwsServices({
      account,
      catalog,
      streams,
      control: {
        autoCreate: config.streams.autoCreate,
        maxChannels: config.signaling.maxChannels,
        applyRetention: (name) => store.applyRetention(name),
        destinationProblem: (use, uri) => destinationProblem(use, uri, destinationsOf(config)),
      },
      consumed,
      putMedia: {
        streams,
        settings: putMediaSettingsOf(config),
        counters: putMediaCounters,
        autoCreate: config.streams.autoCreate,
        now: nowMs,
        closing: closing.signal,
      },
      media: {
        settings: mediaSettingsOf(config),
        totals: mediaTotals,
        now: nowMs,
        closing: closing.signal,
      },
      playback,
      files: { files, sender },
      signaling: { relay, iceServers: iceServersOf(config) },
      kinesis: {
        records,
        counters: records.counters,
        subscriptions,
        settings: catalog,
        readLimiter: new ReadLimiter({ isOn: config.records.enforceLimits }),
      },
      rekognition: {
        galleries: faces.galleries,
        processors,
        supervisor,
        detection: detection.service,
        labelModel: DEFAULT_MODEL,
        labelsOf: modelLabels(new ModelRegistry(modelDirectoryOf(config))),
      },
    }),
    authenticator,
    observe: createAwsMetrics(metrics, () => awsBodies),
    bodies: awsBodies,
    logger,
    now: nowMs,
  });
  let rtmpPort = config.rtmp.port;
  const web = createWebApp({
    streams,
    records,
    groups,
    detection: detection.service,
    lookback,
    events: detection.events,
    sinks: () => detection.sinks.states(),
    faces,
    webhooks: delivery.webhooks,
    access,
    keys: catalog,
    metrics,
    health: () => {
      health.set('detection', detection.isHealthy);
      return { ...health.report(), detection: supervisor.capabilities };
    },
    logger,
    now: nowMs,
    closing: closing.signal,
    settings: {
      version,
      open: config.access.open,
      ...(config.http.publicUrl === undefined ? {} : { publicOrigin: config.http.publicUrl }),
      publishUrl: (hostname) => `rtmp://${hostname}:${rtmpPort}/live`,
    },
  });
  const http = createHttpServer({
    host: config.http.host,
    port: config.http.port,
    ...(httpTls === undefined ? {} : { tls: httpTls }),
    mediaRoutes: [
      files.route({ hls, streams, access, logger, now: nowMs }, sender),
      ...createSessionRoutes({ ...playback, sender, logger, now: nowMs }),
    ],
    claimingRoutes: [aws],
    upgradeRoutes: [signaling],
    fallback: web,
    counters: httpCounters,
    logger,
  });

  closers.add(() => http.close());
  closers.add(() => signaling.close());
  closers.add(() => hls.close());
  closers.add(() => subscriptions.endAll());
  closers.add(() => closing.abort());
  closers.add(() => rtmp.close());
  httpPort = (await http.listen()).port;
  health.set('http', true);
  rtmpPort = (await rtmp.listen({ host: config.rtmp.host, port: config.rtmp.port })).port;
  const rtmps =
    config.rtmp.tls === undefined || rtmpTls === undefined
      ? undefined
      : (await rtmp.listen({ host: config.rtmp.host, port: config.rtmp.tls.port, tls: rtmpTls })).port;
  health.set('rtmp', true);

  const ports = { http: httpPort, rtmp: rtmpPort, ...(rtmps === undefined ? {} : { rtmps }) };
  const loginUrl = config.access.open
    ? undefined
    : `${pageUrl({ ports }, config)}login?token=${access.createLoginToken(admin.key.id, nowMs())}`;
  logger.info({ http: httpPort, rtmp: rtmpPort, rtmps, dataDir: config.dataDir }, 'listening');
  sayWhatAwsClientsNeed(config, account, logger);
  return { ports, ...(loginUrl === undefined ? {} : { loginUrl }), close: () => closers.close() };
}

/** Throws ConfigError when the warm directory is not the one of the data folder. */
function claimWarm({ dataDir, log }: Config): void {
  try {
    claimWarmDirectory(dataDir, log.warmDirectory);
  } catch (cause) {
    if (!(cause instanceof WarmDirectoryError)) throw cause;
    throw new ConfigError('invalid', [`log.warmDirectory: ${cause.message}`], { cause });
  }
}

/** The files are the truth: a stream folder that the catalog does not know (copied here, or the catalog was lost) is a stream. */
async function adoptStreams(store: LogStore, streams: StreamRegistry, logger: Logger): Promise<void> {
  for (const name of await store.list()) {
    if (streams.record(name) !== undefined) continue;
    streams.create(name);
    logger.info({ stream: name }, 'adopted a stream from its files');
  }
}

/** Two things that AWS clients trip over. */
function sayWhatAwsClientsNeed(config: Config, account: AwsAccount, logger: Logger): void {
  if (config.access.open) logger.warn('open mode: any AWS credentials are accepted, also none');
  if (config.http.publicUrl !== undefined || isLoopbackHost(config.http.host)) return;
  logger.warn(
    { endpoint: account.endpoint() },
    'AWS clients on other machines are sent to this endpoint: set http.publicUrl to where they reach this server',
  );
}
