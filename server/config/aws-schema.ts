import { z } from 'zod';
import { isIceUrlList, MAX_ICE_URLS } from '../signaling/ice-servers.ts';
import { byteSize } from './byte-size.ts';
import { durationMs, GiB, MiB, path } from './values.ts';

/** Settings of what AWS clients use: video, data streams, signaling, clips, images, notifications. See schema.ts. */

export const aws = z.strictObject({
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

export const putMedia = z.strictObject({
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

export const getMedia = z.strictObject({
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

export const records = z.strictObject({
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

const ratePerSecond = () => z.nullable(z.number().min(1).max(100_000)).default(null);

export const signaling = z.strictObject({
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

export const clip = z.strictObject({
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

export const images = z.strictObject({
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

export const notify = z.strictObject({
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
