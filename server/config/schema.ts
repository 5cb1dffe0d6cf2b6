import { z } from 'zod';
import { tierSchema } from '../../ml/watch/watch-settings.ts';
import { isIceUrlList, MAX_ICE_URLS } from '../signaling/ice-servers.ts';
import { byteSize } from './byte-size.ts';

/**
 * Every setting of the server, with its range, default and description. The settings table of docs/configuration.md, the
 * names of environment variables and the error messages are made from it (settings.ts).
 */

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const DAY_MS = 86_400_000;

const port = () => z.int().min(0).max(65_535);
const host = () => z.string().min(1).max(253);
const path = () => z.string().min(1).max(4096);
const dataStreamName = () => z.string().regex(/^[a-zA-Z0-9_.-]{1,128}$/);
const durationMs = (min: number, max: number) => z.int().min(min).max(max);

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

const aws = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .meta({ valueText: 'a region like `eu-west-1`' })
    .default('us-east-1')
    .describe('Region that AWS clients must name; it stands in every ARN.'),
  accountId: z
    .string()
    .regex(/^\d{12}$/)
    .meta({ valueText: 'twelve digits' })
    .default('000000000000')
    .describe('Account that stands in every ARN.'),
});

const putMedia = z.strictObject({
  maxFragmentBytes: byteSize(MiB, 128 * MiB)
    .default(50_000_000)
    .describe('Largest fragment that PutMedia takes (AWS: 50 MB).'),
  maxFragmentSeconds: z
    .number()
    .min(1)
    .max(60)
    .default(20)
    .describe('Longest fragment that PutMedia takes (AWS: 20).'),
  maxTracks: z.int().min(1).max(64).default(3).describe('Tracks that a PutMedia session may have (AWS: 3).'),
  maxTags: z
    .int()
    .min(0)
    .max(40)
    .default(10)
    .describe('Tags that one fragment of PutMedia may have (AWS: 10).'),
  requireAllTracks: z
    .boolean()
    .default(true)
    .describe(
      'A PutMedia session ends when a fragment lacks a track that the producer has declared, as with AWS. `false` takes what comes.',
    ),
  maxSessionMinutes: z
    .number()
    .min(0)
    .max(525_600)
    .default(0)
    .describe('A PutMedia session ends after this time (AWS: 45). 0: it may last for ever.'),
  maxBytesPerSecond: byteSize(0)
    .default(0)
    .describe('A PutMedia session is read no faster than this (AWS: 12.5 MB). 0: as fast as it comes.'),
  maxFragmentsPerSecond: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      'A PutMedia session is read no faster than this many fragments (AWS: 5). 0: as fast as they come.',
    ),
  idleSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(30)
    .describe('A PutMedia session that sends nothing for this long ends.'),
});

const getMedia = z.strictObject({
  maxConnectionsPerStream: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe(
      'Consumers of one stream that GetMedia serves at once (AWS: 3), and as many of GetMediaForFragmentList.',
    ),
  maxConnectionMinutes: z
    .number()
    .min(0)
    .max(525_600)
    .default(0)
    .describe('GetMedia ends after this time (AWS: about 45). 0: as long as the consumer wants.'),
});

const records = z.strictObject({
  syncWithinMs: durationMs(1, 1000)
    .default(2)
    .describe('A record of a data stream waits at most this long for a sync shared with others.'),
  fileMaxBytes: byteSize(MiB, GiB)
    .default(64 * MiB)
    .describe(
      'A new file of a shard is begun after so many bytes; expired records are deleted by whole files.',
    ),
  enforceLimits: z
    .boolean()
    .default(true)
    .describe(
      'Limits of a shard as the service has them: 1 MB and 1,000 records a second in, 2 MB and 5 reads a second out. ' +
        '`false` lifts them.',
    ),
  maxConsumersPerStream: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Consumers that may be registered for a data stream.'),
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

const ratePerSecond = () => z.nullable(z.number().min(1).max(100_000)).default(null);

const signaling = z.strictObject({
  maxChannels: z.int().min(1).max(1_000_000).default(10_000).describe('Signaling channels that may exist.'),
  maxViewers: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Viewers of one WebRTC signaling channel at once (AWS: 10).'),
  idleMinutes: z
    .nullable(z.number().min(0.1).max(1440))
    .default(10)
    .describe('A signaling connection on which nothing is said for this long is closed. `null`: never.'),
  connectionMinutes: z
    .nullable(z.number().min(1).max(525_600))
    .default(null)
    .describe('A signaling connection that lasts longer is told to reconnect (AWS: 60). `null`: never.'),
  connectsPerSecond: ratePerSecond().describe(
    'Signaling connections to one channel, of masters and of viewers each (AWS: 3). `null`: any number.',
  ),
  sdpPerSecond: ratePerSecond().describe(
    'Offers and answers of one signaling connection (AWS: 5). `null`: any number.',
  ),
  icePerSecond: ratePerSecond().describe(
    'ICE candidates of one signaling connection (AWS: 20). `null`: any number.',
  ),
  iceServers: z
    .strictObject({
      urls: z
        .string()
        .refine(isIceUrlList)
        .meta({
          valueText: `up to ${MAX_ICE_URLS} URLs like \`stun:host:3478,turn:host:3478?transport=udp\``,
        })
        .exactOptional()
        .describe('STUN and TURN servers that WebRTC clients are told of, with commas between them.'),
      secret: z
        .string()
        .min(1)
        .max(256)
        .exactOptional()
        .describe(
          'Secret shared with the TURN servers (coturn: `use-auth-secret`); credentials that expire are made with it.',
        ),
      ttlSeconds: z.int().min(30).max(86_400).default(300).describe('How long these credentials are good.'),
    })
    .prefault({}),
});

const clip = z.strictObject({
  maxBytes: byteSize(MiB)
    .default(100 * MiB)
    .describe('Media in one clip of GetClip; what is beyond is left out, as AWS does.'),
  maxFragments: z
    .int()
    .min(1)
    .max(50_000)
    .default(200)
    .describe('Fragments in one clip of GetClip. `/play/<stream>/clip.mp4` has no such limits.'),
});

const images = z.strictObject({
  processes: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('Decoder processes at once. They are started when pictures are asked for.'),
  decoder: z
    .enum(['auto', 'native', 'ffmpeg'])
    .default('auto')
    .describe(
      'What decodes: the built-in decoder, an `ffmpeg` on the PATH, or `auto`, the second for what the first cannot do.',
    ),
  timeoutMs: durationMs(1000, 600_000)
    .default(10_000)
    .describe('A decoder that takes longer for the pictures of one fragment is ended.'),
  maxWaiting: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('Decoder jobs that may wait; more are refused.'),
  cacheBytes: byteSize(0, 16 * GiB)
    .default(64 * MiB)
    .describe('Pictures kept in memory.'),
});

const notify = z.strictObject({
  timeoutMs: durationMs(100, 600_000)
    .default(10_000)
    .describe('A webhook or store that takes longer to answer is tried again.'),
  attempts: z
    .int()
    .min(1)
    .max(100)
    .default(6)
    .describe('Tries of one notification or image, further and further apart.'),
  maxWaiting: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Notifications and images that wait for one destination; beyond it the oldest is dropped.'),
  imageDirectory: path()
    .exactOptional()
    .describe('Folder below which generated images are written, for destinations `file://FOLDER`.'),
  s3: z
    .strictObject({
      endpoint: z
        .string()
        .regex(/^https?:\/\/[^/\s@]{1,260}$/)
        .meta({ valueText: 'an origin like `https://minio.example.org:9000`' })
        .describe('S3-compatible store for generated images, for destinations `s3://BUCKET/PREFIX`.'),
      region: z
        .string()
        .min(1)
        .max(64)
        .default('us-east-1')
        .describe('Region that requests to it are signed for.'),
      accessKeyId: z.string().min(1).max(256).describe('Access key of the store.'),
      secretAccessKey: z.string().min(1).max(256).describe('Its secret.'),
    })
    .exactOptional(),
});

const detection = z.strictObject({
  defaultTier: tierSchema
    .meta({ valueText: '`off`, `keyframes`, or `fps:n` with n up to 30' })
    .default('off')
    .describe(
      'How streams are watched that have no settings of their own: not at all, at their key frames (about one in two seconds), or n ' +
        'frames a second.',
    ),
  workers: z
    .nullable(z.int().min(1).max(256))
    .default(null)
    .describe(
      'Processes that decode and look at pictures. `null`: one less than the processors, at least one.',
    ),
  decoder: z
    .enum(['auto', 'native', 'ffmpeg'])
    .default('auto')
    .describe(
      'What decodes for detection: the built-in decoder, an `ffmpeg` on the PATH, or `auto`, the second where the first does not load.',
    ),
  modelDirectory: path()
    .exactOptional()
    .describe('Folder of models of your own, one folder each, see docs/detection.md.'),
  dataStream: z
    .nullable(dataStreamName())
    .meta({ valueText: 'the name of a data stream, or null' })
    .default('framelog-events')
    .describe(
      'Data stream that events are put into; it is made when there is none. A stream may name another one. `null`: none.',
    ),
  retentionHours: z
    .nullable(z.number().min(0).max(1_000_000))
    .default(null)
    .describe('How long events are kept. `null`: as long as the media of their stream.'),
  jobs: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Jobs over archives (`framelog detect`) that run at once; the others wait their turn.'),
  maxEvents: z
    .int()
    .min(1000)
    .max(1_000_000_000)
    .default(5_000_000)
    .describe('Events that are kept, of all streams; beyond it the oldest go. One takes about 1 KB on disk.'),
});

const faces = z.strictObject({
  maxFaces: z
    .int()
    .min(1)
    .max(200_000)
    .default(10_000)
    .describe(
      'Faces of known people in all galleries. They are compared in memory: 4 KB each, about 1.4 ms for a thousand.',
    ),
  keyFile: path()
    .exactOptional()
    .describe(
      'Key that known faces are encrypted with; made with the first of them. Without it: `faces.key` in the data folder. Put it ' +
        'elsewhere so that a copy of the data folder alone tells nothing.',
    ),
});

const topicPrefix = () =>
  z
    .string()
    .regex(/^[^+#\s\p{Cc}/$][^+#\s\p{Cc}/]{0,63}(\/[^+#\s\p{Cc}/]{1,64}){0,7}$/u)
    .meta({ valueText: 'levels of a topic, without wildcards and spaces' });

const mqtt = z.strictObject({
  url: z
    .string()
    .regex(/^mqtts?:\/\/[^/\s@?#]{1,260}\/?$/)
    .meta({ valueText: 'an address like `mqtt://host:1883` or `mqtts://host:8883`' })
    .describe('MQTT broker that is told of detection events.'),
  username: z
    .string()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe('Name by which the broker knows this server.'),
  password: z.string().min(1).max(1024).exactOptional().describe('Password for it.'),
  clientId: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .meta({ valueText: 'up to 64 letters, digits, `_` and `-`' })
    .default('framelog')
    .describe('Client id; two servers at one broker need two.'),
  version: z
    .enum(['5', '3.1.1'])
    .default('5')
    .describe('Version of MQTT. `3.1.1` for brokers that speak nothing newer.'),
  prefix: topicPrefix()
    .default('framelog')
    .describe('What all topics begin with; two servers at one broker need two.'),
  discoveryPrefix: z
    .nullable(topicPrefix())
    .default('homeassistant')
    .describe('Where Home Assistant looks for new devices. `null`: it is told of none.'),
  snapshots: z
    .boolean()
    .default(true)
    .describe('Pictures of objects are published, retained, one for each label of a camera.'),
  snapshotWidth: z.int().min(64).max(3840).default(640).describe('Width of these pictures, in pixels.'),
  statsSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(60)
    .describe('How often `<prefix>/stats` is published, and changed settings of cameras are looked for.'),
  keepAliveSeconds: z
    .int()
    .min(5)
    .max(3600)
    .default(30)
    .describe('A connection on which the broker is silent for longer is dead: one and a half times this.'),
  maxInFlight: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .describe('Messages that wait for the confirmation of the broker at once.'),
  messagesPerSecond: z
    .int()
    .min(1)
    .max(100_000)
    .default(500)
    .describe(
      'Messages are published no faster on average: a broker drops what a slow subscriber leaves waiting.',
    ),
  tls: z
    .strictObject({
      caFile: path()
        .exactOptional()
        .describe('Authorities (PEM) that are trusted instead of the usual ones.'),
      client: z
        .strictObject({
          certFile: path().describe('Certificate (PEM) that shows the broker who we are.'),
          keyFile: path().describe('Its private key (PEM).'),
        })
        .exactOptional(),
    })
    .prefault({}),
});

const webhooks = z.strictObject({
  maxWebhooks: z.int().min(0).max(1000).default(100).describe('Webhooks that may exist.'),
  timeoutMs: durationMs(100, 600_000)
    .default(15_000)
    .describe('A webhook that takes longer to answer is tried again.'),
});

const processors = z.strictObject({
  max: z
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe('Stream processors (docs/rekognition.md) that may exist.'),
  maxWaitingRecords: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'Records of one stream processor that are kept while its data stream does not take them; beyond it the oldest go.',
    ),
  idleSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(30)
    .describe('A stream processor that looks for labels stops when no video comes for so long.'),
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
