/**
 * The server under measurement of viewers.ts: real HTTP port, playback route, live window and log on disk, filled with
 * made samples. Prints one JSON line with its port and URLs, and serves until its stdin ends.
 */
import { join } from 'node:path';
import type { Sample, Track } from '../../fragments/media/track.ts';
import { LogStore } from '../../fragments/stream/log-store.ts';
import { DEFAULT_STREAM_SETTINGS, type StreamSettings } from '../../fragments/stream/stream-settings.ts';
import { openPrincipal } from '../../server/access/principals.ts';
import { newHttpCounters } from '../../server/http/http-counters.ts';
import { createHttpServer } from '../../server/http/http-server.ts';
import { MediaSender } from '../../server/http/media-sender.ts';
import { createHlsRoute } from '../../server/playback/hls/hls-route.ts';
import { partUri, segmentUri } from '../../server/playback/hls/play-path.ts';
import { ManagedStream } from '../../server/streams/managed-stream.ts';
import { StreamLease } from '../../server/streams/stream-lease.ts';
import { type OpenStream, StreamError } from '../../server/streams/stream-service.ts';
import { VIDEO } from '../unit/fragments/stream/media.ts';

/** What the bench asks for, by case. */
export interface ViewerUrls {
  readonly port: number;
  readonly hotSegments: readonly string[];
  readonly coldSegments: readonly string[];
  readonly hotParts: readonly string[];
  readonly coldParts: readonly string[];
}

const FRAME_MS = 40;
const FRAMES_PER_FRAGMENT = 50;
const START_MS = Date.UTC(2026, 0, 2);

const store = new LogStore({
  directory: join(process.argv[2] ?? '', 'log'),
  syncPolicy: 'none',
  reserveBytes: 0,
});
const streams = new Map<string, OpenStream>();
let nowMs = START_MS;

/** A stream with `fragments` fragments of `fragmentBytes`, its last one still growing. */
async function fill(
  name: string,
  fragments: number,
  fragmentBytes: number,
  settings: Partial<StreamSettings>,
): Promise<ManagedStream> {
  const stream = await ManagedStream.open({
    record: { name, createdMs: 0, retentionHours: null, maxBytes: null, version: 1 },
    log: await store.open(name),
    lease: new StreamLease(name, {
      catalog: { acquireLease: () => ({ fence: 1 }), releaseLease: () => {} },
      owner: 'bench',
      ttlMs: 1e12,
    }),
    settings: { ...DEFAULT_STREAM_SETTINGS, ...settings },
    takeover: false,
    onFragment: () => {},
    onSessionEnd: () => {},
  });
  streams.set(name, stream);
  const publication = stream.publish(
    {
      stream: name,
      publisher: { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs: nowMs },
      onRevoked: () => {},
    },
    nowMs,
  );
  publication.setTracks([VIDEO], nowMs);
  const frameBytes = Math.round(fragmentBytes / FRAMES_PER_FRAGMENT);
  // A few frames more: a fragment is complete when the next one is under way.
  for (let i = 0; i < (fragments + 0.5) * FRAMES_PER_FRAGMENT; i++) {
    nowMs = START_MS + i * FRAME_MS;
    publication.write(frameAt(VIDEO, i, frameBytes), nowMs);
    // The disk gets time to follow, so that nothing is given up for lack of memory.
    if (i % FRAMES_PER_FRAGMENT === 0) {
      while (stream.log.pendingBytes > 8 << 20) await new Promise(setImmediate);
    }
  }
  while (stream.log.end.nextOrdinal < fragments) await new Promise(setImmediate);
  return stream;
}

function frameAt(track: Track, index: number, sizeBytes: number): Sample {
  const data = Buffer.alloc(sizeBytes);
  for (let i = 0; i < sizeBytes; i += 4) data.writeUInt32LE((index * 2654435761 + i * 40503) >>> 0, i);
  return {
    trackId: track.id,
    dtsTicks: index * FRAME_MS * 90,
    compositionOffsetTicks: 0,
    durationTicks: 0,
    isSync: index % FRAMES_PER_FRAGMENT === 0,
    data,
  };
}

/** Complete fragments in memory, and ten times as many that are only in the log. */
async function segmentUrls(stream: ManagedStream) {
  const { name } = stream.record;
  const inMemory = stream.window.fragments.filter(({ isComplete }) => isComplete).map(({ info }) => info);
  const firstHot = inMemory[0]?.ordinal ?? 0;
  const stored = await stream.log.list(0, firstHot - 70);
  const urlOf = ({ number }: { number: string }) => `/play/${name}/${segmentUri(number, '')}`;
  return { hot: inMemory.map(urlOf), cold: stored.map(urlOf) };
}

// 500 KB in 2 s, and 20 KB in parts of 200 ms.
const large = await fill('large', 500, 500_000, { windowFragments: 40 });
const small = await fill('small', 1000, 20_000, { windowFragments: 40 });
const parted = await fill('parted', 20, 200_000, { partTargetMs: 200 });
const largeUrls = await segmentUrls(large);
const smallUrls = await segmentUrls(small);
const parts = parted.window.fragments
  .slice(-6, -1)
  .flatMap(({ info, parts: list }) =>
    list.map(({ index }) => `/play/parted/${partUri(info.ordinal, index, '')}`),
  );

const counters = newHttpCounters();
const logger = { debug() {}, info() {}, warn: console.error, error: console.error };
const route = createHlsRoute({
  streams: {
    peek: (name) => streams.get(name),
    open: async (name) => {
      throw new StreamError('not-found', name);
    },
  },
  access: { recognizeHttp: () => ({ ok: true, principal: openPrincipal }) },
  sender: new MediaSender({ counters, logger }),
  logger,
  now: () => nowMs,
});
const server = createHttpServer({
  host: '127.0.0.1',
  port: 0,
  mediaRoutes: [route],
  fallback: (_request, response) => void response.writeHead(404).end(),
  counters,
  logger,
});
const { port } = await server.listen();
const urls: ViewerUrls = {
  port,
  hotSegments: largeUrls.hot,
  coldSegments: largeUrls.cold,
  hotParts: parts,
  coldParts: smallUrls.cold,
};
console.log(JSON.stringify(urls));
process.stdin.resume().on('end', () => process.exit(0));
