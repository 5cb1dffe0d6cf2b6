import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { RekognitionClient } from '@aws-sdk/client-rekognition';
import pino from 'pino';
import { systemClock } from '../../../../../fragments/log/clock.ts';
import type { Detection } from '../../../../../ml/detect/detection.ts';
import { type PictureQuestion, WatchError } from '../../../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../../../ml/watch/observed.ts';
import { watchSettingsSchema } from '../../../../../ml/watch/watch-settings.ts';
import type { Principal, Wish } from '../../../../../server/access/access.ts';
import { CatalogVideoResources } from '../../../../../server/aws/kinesis-video/catalog-video-resources.ts';
import { createRekognitionService } from '../../../../../server/aws/rekognition/rekognition-service.ts';
import { SqliteCatalog } from '../../../../../server/catalog/sqlite-catalog.ts';
import type { AttachOptions } from '../../../../../server/detection/detection-service.ts';
import { SqliteGalleries } from '../../../../../server/faces/sqlite-galleries.ts';
import { RecordOutbox } from '../../../../../server/processors/record-outbox.ts';
import { StreamProcessors } from '../../../../../server/processors/stream-processors.ts';
import type { RecordService } from '../../../../../server/records/record-service.ts';
import type { StreamService } from '../../../../../server/streams/stream-service.ts';
import { startFrame } from '../frame-rig.ts';

/** The beginning of a JPEG file, and a name: pictures of whatever the test wants. */
export function picture(name: string): Uint8Array {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(name)]);
}

/** What is in a picture. */
export interface Scene {
  readonly objects?: readonly Detection[];
  readonly faces?: readonly ObservedFace[];
  readonly error?: WatchError;
}

export const VIDEO_ARN = 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1700000000000';
export const DATA_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/results';
export const ROLE_ARN = 'arn:aws:iam::000000000000:role/rekognition';

/** Embeddings of this length, so that likeness can be worked out by hand. */
const DIMENSIONS = 4;

/** A face of somebody: 1 for the first dimension, and so on; `likeness` with the first dimension otherwise. */
export function personFace(vector: readonly number[] | undefined, width = 0.2): ObservedFace {
  const length = Math.hypot(...(vector ?? [1]));
  return {
    box: [0.1, 0.1, width, width],
    score: 0.9,
    landmarks: [{ type: 'nose', at: [0.2, 0.2] }],
    pose: { roll: 0, yaw: 10, pitch: 0 },
    quality: { brightness: 50, sharpness: 30 },
    trackId: undefined,
    embedding: vector === undefined ? undefined : new Float32Array(vector.map((value) => value / length)),
  };
}

/**
 * The service over a real port and a real client, with galleries and a catalog on the disk. What sees is made up: pictures show the
 * scenes that the test has put into `scenes` by their names, streams what it tells to `attached`.
 */
export async function startRekognition(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-rekognition-'));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  const galleries = SqliteGalleries.open({
    dataDir: folder,
    maxFaces: 1000,
    model: { sha256: '00', dimensions: DIMENSIONS },
  });
  const logger = pino({ level: 'silent' });
  const account = { region: 'us-east-1', accountId: '000000000000', endpoint: () => 'http://here' };
  const scenes = new Map<string, Scene>();
  const questions: PictureQuestion[] = [];
  const look = async (question: PictureQuestion) => {
    questions.push(question);
    const name = Buffer.from(question.file).subarray(4).toString();
    const { objects = [], faces = [], error } = scenes.get(name) ?? {};
    if (error !== undefined) throw error;
    const model =
      question.model === undefined ? undefined : { name: question.model, sha256: 'abcdef0123456789' };
    return { width: 640, height: 360, model, objects, faces };
  };
  const attached: AttachOptions[] = [];
  const state = { consent: true, rights: (_wish: Wish): boolean => true };
  const detection = {
    settingsOf: () => watchSettingsSchema.parse({ faces: { consent: state.consent } }),
    attach: (options: AttachOptions) => {
      attached.push(options);
      return { status: undefined, configure: () => undefined, stop: () => Promise.resolve() };
    },
    supervisor: {
      look,
      watch: () => {
        throw new WatchError('closed', 'nobody watches here');
      },
      capabilities: undefined,
      close: () => Promise.resolve(),
    },
  };
  const streams = {
    record: (name: string) =>
      name === 'door' ? { name, createdMs: 1_700_000_000_000, retentionHours: 24 } : undefined,
    list: () => [{ name: 'door' }],
    open: () => Promise.reject(new Error('it cannot be opened')),
  } as unknown as StreamService;
  const dataStreams = new Set(['results', 'alerts']);
  const taken: string[] = [];
  const records = {
    stream: (name: string) => (dataStreams.has(name) ? { name } : undefined),
    put: (_name: string, { data }: { readonly data: Uint8Array }) => {
      taken.push(Buffer.from(data).toString());
      return Promise.resolve({ shardId: 's', sequenceNumber: '1' });
    },
  } as unknown as RecordService;
  const processors = new StreamProcessors({
    catalog: catalog.processors,
    detection,
    galleries,
    streams,
    outbox: new RecordOutbox({
      catalog: catalog.processors,
      records,
      maxWaiting: 100,
      backoffMs: 1,
      maxBackoffMs: 1,
      logger,
      now: Date.now,
    }),
    frameUri: () => 'http://here/frame',
    maxProcessors: 5,
    idleMs: 1000,
    logger,
    clock: systemClock,
  });
  const service = createRekognitionService({
    account,
    galleries,
    processors,
    supervisor: detection.supervisor,
    detection,
    resources: new CatalogVideoResources(streams, account),
    streams,
    records,
    labelModel: 'centernet',
    labelsOf: (model) => Promise.resolve(model === 'centernet' ? ['person', 'cat', 'car'] : undefined),
  });
  const principal: Principal = { kind: 'open', id: 'test', may: (wish) => state.rights(wish) };
  const frame = await startFrame(t, [service], {
    signers: {
      openPrincipal: principal,
      signer: () => ({ ok: false, reason: 'invalid' }),
      signatureFailed: () => undefined,
    },
  });
  const client = new RekognitionClient({
    endpoint: frame.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  t.after(async () => {
    client.destroy();
    await processors.close();
    galleries.close();
    catalog.close();
    rmSync(folder, { recursive: true });
  });
  return {
    client,
    scenes,
    questions,
    attached,
    taken,
    state,
    galleries,
    dataStreams,
    logLines: frame.logLines,
  };
}
