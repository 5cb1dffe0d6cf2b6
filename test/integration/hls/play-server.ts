import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sample } from '../../../fragments/media/track.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import { AccessControl } from '../../../server/access/access-control.ts';
import type { KeyCatalog, SettingCatalog } from '../../../server/catalog/catalog.ts';
import { type HttpCounters, newHttpCounters } from '../../../server/http/http-counters.ts';
import { createHttpServer } from '../../../server/http/http-server.ts';
import { MediaSender } from '../../../server/http/media-sender.ts';
import { createHlsRoute, type HlsRoute } from '../../../server/playback/hls/hls-route.ts';
import { MemoryLog } from '../../unit/fragments/stream/memory-log.ts';
import { LogBook } from '../../unit/server/http/http-rig.ts';
import { StreamRig, type StreamRigOptions } from '../../unit/server/playback/hls/stream-rig.ts';

export interface PlayServer<Log extends FragmentLog = MemoryLog> {
  readonly rig: StreamRig<Log>;
  readonly route: HlsRoute;
  readonly access: AccessControl;
  readonly log: LogBook;
  readonly counters: HttpCounters;
  /** `http://host:port/play/cam/` */
  readonly base: string;
}

export type PlayServerOptions = StreamRigOptions & { readonly open?: boolean };

/** Playback of one stream `cam` over a real port; closed when the test ends. */
export async function startPlayServer(t: TestContext, options: PlayServerOptions = {}): Promise<PlayServer> {
  return startPlayServerOn(t, new MemoryLog(), options);
}

/** The same with any log. */
export async function startPlayServerOn<Log extends FragmentLog>(
  t: TestContext,
  streamLog: Log,
  options: PlayServerOptions = {},
): Promise<PlayServer<Log>> {
  const rig = await StreamRig.on(streamLog, options);
  const log = new LogBook();
  const counters = newHttpCounters();
  const access = new AccessControl(noKeys(), {
    open: options.open ?? true,
    sessionLifetimeMs: 1e9,
    loginLinkLifetimeMs: 1e9,
  });
  const route = createHlsRoute({
    streams: rig.streams,
    access,
    sender: new MediaSender({ counters, logger: log.logger }),
    logger: log.logger,
    now: () => rig.nowMs,
    ...(options.hls === undefined ? {} : { settings: options.hls }),
  });
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    mediaRoutes: [route],
    fallback: (_request, response) => void response.writeHead(404).end(),
    logger: log.logger,
    counters,
  });
  await server.listen();
  t.after(async () => {
    route.close();
    await server.close(0);
  });
  return { rig, route, access, log, counters, base: `${server.origin}/play/cam/` };
}

/**
 * A camera whose time goes on only while somebody waits for it: as fast as the machine allows, and without a sleep.
 * Sends until `stop`; `samplesFrom` makes the samples of `[fromMs, toMs)`.
 */
export class PatientCamera {
  readonly #server: PlayServer;
  readonly #samplesFrom: (fromMs: number, toMs: number) => Sample[];
  #atMs: number;
  #isRunning = true;
  isSilent = false;
  readonly #done: Promise<void>;

  constructor(server: PlayServer, atMs: number, samplesFrom: (fromMs: number, toMs: number) => Sample[]) {
    this.#server = server;
    this.#atMs = atMs;
    this.#samplesFrom = samplesFrom;
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      if (this.#server.route.waiting > 0 && !this.isSilent) {
        this.#server.rig.write(this.#samplesFrom(this.#atMs, this.#atMs + 40));
        this.#atMs += 40;
      }
      await nextTurn();
    }
  }
}

function noKeys(): KeyCatalog & SettingCatalog {
  const settings = new Map<string, string>();
  return {
    listKeys: () => [],
    key: () => undefined,
    keyBySecret: () => undefined,
    insertKey: () => {},
    putKey: () => {},
    revokeKey: () => false,
    setting: (name) => settings.get(name),
    putSetting: (name, value) => {
      settings.set(name, value);
    },
  };
}
