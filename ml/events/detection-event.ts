import { z } from 'zod';

/**
 * The event that goes onto data streams, to webhooks, MQTT and the search: one JSON shape, versioned. Members may be added
 * within a version; none changes its meaning. The JSON Schema in docs/detection-event.schema.json is made from this.
 */

export const EVENT_SCHEMA = 'framelog.detection/1';

const fraction = z.number();
const box = z
  .tuple([fraction, fraction, fraction, fraction])
  .readonly()
  .describe('Left, top, width, height as fractions of the picture.');

export const EVENT_TYPES = ['object', 'zone', 'line', 'dwell', 'face', 'camera'] as const;
export const EVENT_PHASES = ['enter', 'update', 'leave'] as const;

export const detectionEventSchema = z.strictObject({
  schema: z.literal(EVENT_SCHEMA),
  id: z
    .string()
    .regex(/^[0-9a-z]{26}$/)
    .describe('The same event delivered again has the same id: delivery is at least once.'),
  stream: z.string().describe('Name of the video stream; the partition key on data streams.'),
  watch: z
    .string()
    .describe('Who watched: `live`, a stream processor (`processor:NAME`), or a job (`job:ID`).'),
  type: z
    .enum(EVENT_TYPES)
    .describe(
      '`object`: something was seen; `zone`: it went in or out of one; `line`: it crossed one; `dwell`: it stayed in a zone; `face`: ' +
        'a face was compared with the gallery; `camera`: detection itself changed its state.',
    ),
  phase: z.enum(EVENT_PHASES).exactOptional().describe('Of `object` and `zone` events.'),
  fragmentNumber: z.string().describe('The fragment that holds the frame.'),
  frameOffsetMs: z.number().describe("The frame's presentation time after the fragment's first picture."),
  producerMs: z.number().describe("The frame's time by the producer's clock, epoch ms."),
  serverMs: z.number().describe("The frame's time by the server's clock, epoch ms."),
  model: z
    .strictObject({ name: z.string(), sha256: z.string() })
    .describe('The model that looked, and the hash of its files.'),
  label: z.string().exactOptional().describe('In the words of the model.'),
  group: z.string().exactOptional().describe('`vehicle` for car, bus, truck...; else the label.'),
  score: z.number().exactOptional().describe('Of this frame, 0 to 1.'),
  topScore: z.number().exactOptional().describe('The best of the track so far.'),
  box: box.exactOptional(),
  trackId: z.string().exactOptional().describe('The object, followed over frames.'),
  trackConfidence: z
    .number()
    .exactOptional()
    .describe('How sure it is that frames of one track show one object; low where frames are seconds apart.'),
  enteredMs: z.number().exactOptional().describe('Producer time at which the object was first seen.'),
  zones: z.array(z.string()).exactOptional().describe('Zones in which the object is.'),
  zone: z.string().exactOptional().describe('Of `zone` and `dwell` events.'),
  line: z.string().exactOptional().describe('Of `line` events.'),
  direction: z
    .enum(['left-to-right', 'right-to-left'])
    .exactOptional()
    .describe('Of `line` events, seen from the start of the line towards its end.'),
  dwellMs: z.number().exactOptional().describe('Of `dwell` events and of a zone left: time spent in it.'),
  reason: z
    .enum(['gone', 'ended'])
    .exactOptional()
    .describe('Of `leave`: not seen any more, or the watch or the stream ended.'),
  face: z
    .strictObject({
      result: z.enum(['known', 'unknown']),
      person: z.string().exactOptional().describe('Name in the gallery.'),
      faceId: z.string().exactOptional().describe('The face of the gallery that it is most like.'),
      similarity: z
        .number()
        .exactOptional()
        .describe('Cosine similarity with it, 0 to 1: likeness, not identity.'),
      box,
    })
    .exactOptional(),
  clip: z
    .strictObject({ fromMs: z.number(), toMs: z.number() })
    .exactOptional()
    .describe('Of alerts: producer times between which the recording shows what happened.'),
  camera: z
    .strictObject({
      state: z.enum(['watching', 'degraded', 'quarantined', 'stopped']),
      message: z.string(),
    })
    .exactOptional(),
  thumbnail: z
    .string()
    .exactOptional()
    .describe('Path on this server of a picture of this frame; made when asked for.'),
});

export type DetectionEvent = z.output<typeof detectionEventSchema>;
export type EventType = DetectionEvent['type'];
export type EventPhase = NonNullable<DetectionEvent['phase']>;
