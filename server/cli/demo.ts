import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { makeKey } from '../access/key-factory.ts';
import { allows } from '../access/rights.ts';
import { pageUrl, publishUrl } from '../addresses.ts';
import { catalogPath, SqliteCatalog } from '../catalog/sqlite-catalog.ts';
import type { Config } from '../config.ts';
import { publishFile } from '../ingest/rtmp/file-publisher.ts';
import { createLogger, type Logger } from '../observe/logger.ts';
import { listeningLine } from './announce.ts';
import { defineCommand } from './command.ts';
import { preferredPort } from './free-port.ts';
import { configOfFlags, serverFlags } from './server-flags.ts';
import { aborted, stopSignal } from './stop-signal.ts';

const STREAM = 'demo';
const KEY_NAME = 'demo camera';
/** Boxes that go with what moves. */
const TIER = 'fps:5';
/** A demo that is forgotten must not fill the disk: about a day of the clip. */
const MAX_STORED_BYTES = 2 ** 30;
const CLIP = fileURLToPath(new URL('../../samples/demo.mp4', import.meta.url));

export const demo = defineCommand({
  positionals: [],
  options: {
    ...serverFlags,
    data: { type: 'string', value: 'DIR', help: 'Folder of everything that is kept (./framelog-demo-data).' },
    json: { type: 'boolean', help: 'Tell ports and pid as one JSON line on stdout.' },
  },
  details:
    'The camera is a clip that is published in a loop over RTMP, as any encoder does. Ctrl-C ends all.',
  examples: [
    { line: 'framelog demo', what: 'On the usual ports, or free ones when they are taken.' },
    {
      line: 'framelog demo --http 127.0.0.1:9000 --part-ms 200',
      what: 'On a port of your own, closest to live.',
    },
  ],
  async run(options, _positionals, terminal) {
    const stop = stopSignal();
    const data = options.data ?? './framelog-demo-data';
    // Quiet, so that the address stays in sight, and with somebody looking; what is --set comes later and wins.
    const set = ['logs.level=warn', `detection.defaultTier=${TIER}`, ...(options.set ?? [])];
    const given = configOfFlags({ ...options, data, set }, terminal).config;
    const config: Config = {
      ...given,
      http: { ...given.http, port: await preferredPort(given.http.host, given.http.port) },
      rtmp: { ...given.rtmp, port: await preferredPort(given.rtmp.host, given.rtmp.port) },
    };
    const logger = createLogger({
      level: config.logs.level,
      pretty: config.logs.pretty ?? terminal.errIsTty,
    });
    const secret = prepareCatalog(config.dataDir, Date.now());
    const { startServer } = await import('../app.ts');
    const server = await startServer(config, { logger, nowMs: Date.now });
    try {
      const url = publishUrl(server, config, STREAM);
      const camera = runCamera(`${url}?key=${secret}`, stop, logger);
      if (options.json === true) terminal.out(listeningLine(server, config, process.pid));
      else terminal.out(demoText(server.loginUrl ?? pageUrl(server, config), url, config.dataDir));
      // The camera ends well only when it was told to; before that it can only fail, and then so does the demo.
      await Promise.race([aborted(stop), camera]);
      await camera;
    } finally {
      await server.close();
    }
    return 0;
  },
});

/** Publishes the clip until `stop`. Comes back after a broken connection (a laptop that slept), as cameras do. */
async function runCamera(url: string, stop: AbortSignal, logger: Logger): Promise<void> {
  while (!stop.aborted) {
    let wasUp = false;
    const onProgress = () => {
      wasUp = true;
    };
    try {
      await publishFile(CLIP, url, { loops: Number.POSITIVE_INFINITY, signal: stop, onProgress });
    } catch (error) {
      if (stop.aborted) return;
      if (!wasUp) throw error;
      logger.warn({ err: error }, 'the demo camera was cut off and publishes again');
    }
  }
}

/** Makes the stream and a key for its camera, once for a data folder; answers the key's secret. */
function prepareCatalog(dataDir: string, nowMs: number): string {
  const catalog = SqliteCatalog.open(catalogPath(dataDir));
  try {
    if (catalog.stream(STREAM) === undefined) {
      catalog.insertStream({
        name: STREAM,
        createdMs: nowMs,
        retentionHours: null,
        maxBytes: MAX_STORED_BYTES,
        version: 1,
      });
    }
    const right = { action: 'publish', stream: STREAM } as const;
    const known = catalog
      .listKeys()
      .find((key) => key.name === KEY_NAME && key.revokedMs === null && allows(key.rights, right));
    if (known !== undefined) return known.secret;
    const key = makeKey({ name: KEY_NAME, rights: [right], expiresMs: null }, nowMs);
    catalog.insertKey(key);
    return key.secret;
  } finally {
    catalog.close();
  }
}

function demoText(loginUrl: string, url: string, dataDir: string): string {
  return (
    `A camera publishes to ${url}. Watch it, live and recorded, with what is detected in it:\n\n  ${loginUrl}\n\n` +
    `The link logs in once. What is recorded: ${dataDir}/streams/${STREAM}/. Ctrl-C ends the demo.\n`
  );
}
