import { z } from 'zod';
import { tierSchema } from '../../ml/watch/watch-settings.ts';
import { dataStreamName, durationMs, path } from './values.ts';

/** Settings of detection, and of where its events go. See schema.ts. */

export const detection = z.strictObject({
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

export const faces = z.strictObject({
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

export const mqtt = z.strictObject({
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

export const webhooks = z.strictObject({
  maxWebhooks: z.int().min(0).max(1000).default(100).describe('Webhooks that may exist.'),
  timeoutMs: durationMs(100, 600_000)
    .default(15_000)
    .describe('A webhook that takes longer to answer is tried again.'),
});

export const processors = z.strictObject({
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
