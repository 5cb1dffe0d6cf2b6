import { z } from 'zod';
import { CatalogError } from './catalog-error.ts';

/**
 * Stream processors, in the words of Amazon Rekognition: somebody has a video stream looked at and wants the answers on a data
 * stream. A document each; limits were checked at the door.
 */

const fraction = z.number().min(0).max(1);

const region = z.union([
  z.strictObject({ box: z.tuple([fraction, fraction, fraction, fraction]).readonly() }),
  z.strictObject({ polygon: z.array(z.tuple([fraction, fraction]).readonly()).readonly() }),
]);

/** Kinds of objects that a label processor may be asked for. */
export const OBJECT_CLASSES = ['PERSON', 'PET', 'PACKAGE'] as const;

const faceSearch = z.strictObject({
  type: z.literal('face-search'),
  /** Gallery of known faces. */
  collection: z.string(),
  /** 0 to 100; that of the stream's own settings when absent. */
  matchThreshold: z.number().exactOptional(),
});

const labels = z.strictObject({
  type: z.literal('labels'),
  /** As they were asked for: also `ALL`. */
  labels: z.array(z.enum([...OBJECT_CLASSES, 'ALL'])),
  /** 0 to 100; the model's own threshold when absent. */
  minConfidence: z.number().exactOptional(),
});

/** One run of a processor, from its start to its end. */
const session = z.strictObject({
  /** UUID. */
  id: z.string(),
  startedMs: z.number(),
  /** Where a label processor begins: at the fragment, or by the producer's clock. */
  from: z
    .union([z.strictObject({ fragmentNumber: z.string() }), z.strictObject({ producerMs: z.number() })])
    .exactOptional(),
  /** Of video that it looks at. */
  maxDurationSeconds: z.number().exactOptional(),
});

const processorSchema = z.strictObject({
  name: z.string(),
  createdMs: z.number(),
  updatedMs: z.number(),
  /** The video stream that is looked at: its name, when it was made, and the ARN by which it was named. */
  stream: z.strictObject({ name: z.string(), createdMs: z.number(), arn: z.string() }),
  /** Name of the data stream that gets the answers. */
  dataStream: z.string(),
  work: z.discriminatedUnion('type', [faceSearch, labels]),
  regions: z.array(region),
  /** What clients said of it that is only told again. Members are named as on the wire. */
  told: z.strictObject({
    RoleArn: z.string(),
    Output: z.record(z.string(), z.unknown()),
    NotificationChannel: z.record(z.string(), z.unknown()).exactOptional(),
    KmsKeyId: z.string().exactOptional(),
    RegionsOfInterest: z.array(z.record(z.string(), z.unknown())).exactOptional(),
    DataSharingPreference: z.record(z.string(), z.unknown()).exactOptional(),
  }),
  tags: z.record(z.string(), z.string()),
  state: z.discriminatedUnion('wish', [
    z.strictObject({ wish: z.literal('stopped'), message: z.string().exactOptional() }),
    z.strictObject({ wish: z.literal('running'), session }),
    z.strictObject({ wish: z.literal('failed'), message: z.string() }),
  ]),
});

export type ProcessorRecord = z.output<typeof processorSchema>;
export type ProcessorSession = z.output<typeof session>;
export type ProcessorRegion = z.output<typeof region>;
export type FaceSearchWork = z.output<typeof faceSearch>;
export type LabelWork = z.output<typeof labels>;
export type ObjectClass = (typeof OBJECT_CLASSES)[number];

/** Reads a stored processor. Throws CatalogError `damaged`. */
export function parseProcessor(name: string, document: string): ProcessorRecord {
  try {
    return processorSchema.parse(JSON.parse(document));
  } catch (cause) {
    throw new CatalogError('damaged', `the stream processor ${name} cannot be read`, { cause });
  }
}

/** A record on its way to a data stream. */
export interface WaitingRecord {
  readonly processor: string;
  readonly dataStream: string;
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** A record with its place in the order of all that waited. */
export interface NumberedRecord extends WaitingRecord {
  readonly seq: number;
}

/** Durable before a method answers. */
export interface ProcessorCatalog {
  /** In name order. */
  list(options?: { readonly after?: string; readonly limit?: number }): ProcessorRecord[];
  get(name: string): ProcessorRecord | undefined;
  count(): number;
  /** Throws CatalogError `already-exists`. */
  insert(processor: ProcessorRecord): void;
  /** Throws CatalogError `not-found`. */
  update(processor: ProcessorRecord): void;
  /** With its records that wait. Answers false when there was none. */
  remove(name: string): boolean;

  /**
   * Keeps records until they are delivered. Of more than `maxWaiting` of a processor the oldest go; answers how many did. Throws
   * CatalogError `not-found` for a processor that was deleted.
   */
  addRecord(record: WaitingRecord, maxWaiting: number): number;
  /** The oldest that wait. */
  waitingRecords(processor: string, limit: number): NumberedRecord[];
  removeRecords(seqs: readonly number[]): void;
  /** How many wait, by processor. */
  countRecords(): ReadonlyMap<string, number>;
}
