import { z } from 'zod';
import { aws, clip, getMedia, images, notify, putMedia, records, signaling } from './aws-schema.ts';
import { byteSize } from './byte-size.ts';
import { detection, faces, mqtt, processors, webhooks } from './detection-schema.ts';
import { DAY_MS, durationMs, GiB, host, MiB, path, port } from './values.ts';

/**
 * Every setting of the server, with its range, default and description. The settings table of docs/configuration.md, the
 * names of environment variables and the error messages are made from it (settings.ts).
 */

const http = z.strictObject({
  host: host()
    .default('127.0.0.1')
    .describe('Address of the web server: pages, REST, HLS. `0.0.0.0` or `::` for all.'),
  port: port().default(8080).describe('Port of the web server; 0 takes a free one.'),
  publicUrl: z
    .string()
    .regex(/^https?:\/\/[^/\s]{1,260}$/)
    .meta({ valueText: 'an origin like `https://video.example.org`' })
    .exactOptional()
    .describe(
      'Where users reach the web server when a proxy stands before it; used in printed links and origin checks.',
    ),
  tls: z
    .strictObject({
      certFile: path().describe('Certificate chain (PEM). With it the web server speaks HTTPS and HTTP/2.'),
      keyFile: path().describe('Private key of the certificate (PEM).'),
    })
    .exactOptional(),
});

const rtmp = z.strictObject({
  host: host().default('127.0.0.1').describe('Address on which cameras and encoders publish.'),
  port: port().default(1935).describe('Port for RTMP; 0 takes a free one.'),
  tls: z
    .strictObject({
      port: port().default(1936).describe('Port for RTMPS, beside the plain one; 0 takes a free one.'),
      certFile: path().describe('Certificate chain (PEM) for RTMPS.'),
      keyFile: path().describe('Private key of the certificate (PEM).'),
    })
    .exactOptional(),
  maxConnections: z
    .int()
    .min(1)
    .max(100_000)
    .default(5000)
    .describe('Connections at once; further ones are closed.'),
  maxConnectionsPerAddress: z
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('Connections at once from one address; cameras behind one router share it.'),
  handshakeTimeoutMs: durationMs(100, 600_000)
    .default(10_000)
    .describe('A connection that does not publish or play after this time is closed.'),
  idleTimeoutMs: durationMs(1000, 600_000)
    .default(20_000)
    .describe('A publisher that sends nothing for this long is dead: its stream is free again.'),
  maxMessageBytes: byteSize(64 * 1024, 256 * MiB)
    .default(8 * MiB)
    .describe('Largest RTMP message, which is about the largest frame.'),
});

const log = z.strictObject({
  sync: z
    .enum(['fragment', 'interval', 'none'])
    .default('interval')
    .describe(
      'When a fragment is reported persisted: `fragment` after its own sync to the disk, `interval` after a sync shared with all ' +
        'streams, `none` once the operating system has it (a power cut may lose it).',
    ),
  syncIntervalMs: durationMs(100, 1000).default(200).describe('Time between shared syncs with `interval`.'),
  fileMaxSeconds: z
    .int()
    .min(10)
    .max(86_400)
    .default(900)
    .describe('A new log file is begun after this much media, ...'),
  fileMaxBytes: byteSize(MiB, 64 * GiB)
    .default(512 * MiB)
    .describe('... or this many bytes. Retention deletes whole files.'),
  backlogBytesPerStream: byteSize(MiB)
    .default(64 * MiB)
    .describe(
      'Media of one stream that waits for a slow disk in memory. Beyond it the stream records a gap.',
    ),
  backlogBytes: byteSize(MiB).default(GiB).describe('The same for all streams together.'),
  diskReserveBytes: byteSize(0)
    .default(GiB)
    .describe('Space that is kept free on the disk: the oldest files of the fullest streams go first.'),
  warmDirectory: path()
    .exactOptional()
    .describe(
      'Folder on another, cheaper disk: finished files of streams in the storage tier WARM are moved there. Without it they stay ' +
        'where they are.',
    ),
});

const live = z.strictObject({
  partMs: durationMs(200, 1000)
    .default(500)
    .describe('Length of an LL-HLS part. Shorter is closer to live and costs more requests.'),
  windowFragments: z
    .int()
    .min(2)
    .max(100)
    .default(3)
    .describe('Fragments of a stream kept in memory for live viewers.'),
  windowBytes: byteSize(MiB, 16 * GiB)
    .default(32 * MiB)
    .describe('Bound of that memory for each stream; older fragments are then read from disk.'),
});

const streams = z.strictObject({
  autoCreate: z
    .boolean()
    .default(true)
    .describe('A stream is made when somebody with the right publishes to its name.'),
  retentionHours: z
    .nullable(z.number().min(0).max(1_000_000))
    .default(null)
    .describe(
      'How long new streams keep media. `null`: until space is needed. 0: five minutes or 200 MB, whichever is less, for live viewing.',
    ),
  maxBytes: z
    .nullable(byteSize(0))
    .default(null)
    .describe('Bound of a new stream on disk. `null`: none but the disk itself.'),
  takeover: z
    .boolean()
    .default(false)
    .describe('A second publisher takes the stream over from the first, instead of being refused.'),
  maxStreams: z.int().min(1).max(1_000_000).default(10_000).describe('Streams that may exist.'),
});

const fragments = z.strictObject({
  minMs: durationMs(0, 20_000)
    .default(500)
    .describe('A key frame that comes sooner after the last one does not begin a new fragment.'),
  maxMs: durationMs(1000, 60_000).default(20_000).describe('A fragment is cut here when no key frame comes.'),
  audioOnlyMs: durationMs(500, 20_000)
    .default(2000)
    .describe('Length of fragments of streams without video.'),
  jumpMs: durationMs(500, DAY_MS)
    .default(10_000)
    .describe('A jump of timestamps further than this, or backward, begins a new run.'),
});

const access = z.strictObject({
  open: z
    .boolean()
    .default(false)
    .describe('No keys needed, for trying things out. Refused unless all addresses are loopback.'),
  sessionHours: z.number().min(0.1).max(8760).default(24).describe('How long a browser stays logged in.'),
  loginLinkMinutes: z
    .number()
    .min(1)
    .max(1440)
    .default(60)
    .describe('How long the printed login link can be used, once.'),
});

const logs = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least important log lines that are written (to stderr).'),
  pretty: z
    .nullable(z.boolean())
    .default(null)
    .describe('Lines for people instead of JSON. `null`: when stderr is a terminal.'),
});

export const configSchema = z.strictObject({
  dataDir: path()
    .default('./framelog-data')
    .describe(
      'Folder of everything that is kept: `streams/`, `catalog.db`, `detections.db`, `faces.db`, `faces.key`, `admin-key.json`.',
    ),
  http: http.prefault({}),
  rtmp: rtmp.prefault({}),
  log: log.prefault({}),
  live: live.prefault({}),
  streams: streams.prefault({}),
  fragments: fragments.prefault({}),
  aws: aws.prefault({}),
  putMedia: putMedia.prefault({}),
  getMedia: getMedia.prefault({}),
  clip: clip.prefault({}),
  images: images.prefault({}),
  notify: notify.prefault({}),
  detection: detection.prefault({}),
  faces: faces.prefault({}),
  processors: processors.prefault({}),
  mqtt: mqtt.exactOptional(),
  webhooks: webhooks.prefault({}),
  records: records.prefault({}),
  access: access.prefault({}),
  signaling: signaling.prefault({}),
  logs: logs.prefault({}),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** The settings of a server, checked and complete. Byte sizes are in bytes; all else carries its unit in the name. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
