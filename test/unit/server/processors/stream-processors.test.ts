import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { systemClock } from '../../../../fragments/log/clock.ts';
import type { WatchStatus } from '../../../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../../../ml/supervisor/watch-result.ts';
import { watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import type { AttachOptions } from '../../../../server/detection/detection-service.ts';
import { GalleryError } from '../../../../server/faces/gallery.ts';
import { RecordOutbox } from '../../../../server/processors/record-outbox.ts';
import { StreamProcessors } from '../../../../server/processors/stream-processors.ts';
import type { RecordService } from '../../../../server/records/record-service.ts';
import type { StreamService } from '../../../../server/streams/stream-service.ts';
import {
  faceAt,
  faceSearchProcessor,
  frameAt,
  KNOWN_FACE,
  labelProcessor,
  resultOf,
  STREAM_ARN,
} from './support.ts';

/** A detection service whose results the test makes up. */
class Detection {
  consent = true;
  /** When the stream was made. */
  doorMadeMs = 1_700_000_000_000;
  status: WatchStatus | undefined;
  readonly attached: AttachOptions[] = [];
  readonly stopped: string[] = [];
  /** Stopping waits for it. */
  rest: Promise<void> = Promise.resolve();

  readonly settingsOf = () =>
    watchSettingsSchema.parse({ tier: 'off', model: 'own', faces: { consent: this.consent } });

  readonly attach = (options: AttachOptions) => {
    this.attached.push(options);
    const detection = this;
    return {
      get status() {
        return detection.status;
      },
      configure: () => undefined,
      stop: async () => {
        await this.rest;
        this.stopped.push(options.watch);
      },
    };
  };

  get supervisor(): never {
    throw new Error('nobody looks at labels here');
  }

  tell(result: WatchResult): void {
    void this.attached.at(-1)?.onResult(result);
  }
}

function rig(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-processors-'));
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  const detection = new Detection();
  const taken: { readonly key: string; readonly text: string }[] = [];
  const put: RecordService['put'] = (_name, { partitionKey, data }) => {
    taken.push({ key: partitionKey, text: Buffer.from(data).toString() });
    return Promise.resolve({ shardId: 's', sequenceNumber: '1' });
  };
  const streams = {
    record: (name: string) => (name === 'door' ? { name, createdMs: detection.doorMadeMs } : undefined),
    open: () => Promise.reject(new Error('it is not to be opened')),
  } as unknown as StreamService;
  const logger = pino({ level: 'silent' });
  const open = () =>
    new StreamProcessors({
      catalog: catalog.processors,
      detection,
      galleries: {
        match: (_name, vector, { minSimilarity }) => {
          if (vector.length > 1) throw new GalleryError('unreadable', 'the key is another one');
          return minSimilarity <= 0.9 ? [{ face: KNOWN_FACE, similarity: 0.9 }] : [];
        },
      },
      streams,
      outbox: new RecordOutbox({
        catalog: catalog.processors,
        records: { put },
        maxWaiting: 10,
        backoffMs: 1,
        maxBackoffMs: 1,
        logger,
        now: Date.now,
      }),
      frameUri: () => 'https://here',
      maxProcessors: 3,
      idleMs: 1000,
      logger,
      clock: systemClock,
    });
  t.after(() => {
    catalog.close();
    rmSync(folder, { recursive: true });
  });
  return { detection, taken, open, catalog: catalog.processors };
}

const statusOf = (processors: StreamProcessors, name = 'faces') => processors.describe(name).status;

test('a face search: started, its frames told on the data stream, stopped', async (t) => {
  const { detection, taken, open } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  assert.equal(statusOf(processors), 'STOPPED');
  const { id } = processors.begin('faces', {});
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(statusOf(processors), 'RUNNING');
  const [attached] = detection.attached;
  assert.equal(attached?.watch, 'processor:faces');
  assert.equal(attached?.storesEvents, false);
  // It looks as often as the stream's own watch, and at key frames where that one is off.
  assert.deepEqual(
    [attached?.settings.tier, attached?.settings.model, attached?.settings.faces.gallery],
    ['keyframes', 'own', 'staff'],
  );
  detection.tell(resultOf(frameAt(0)));
  detection.tell(resultOf(frameAt(1), { faces: [faceAt([0, 0, 0.2, 0.2], new Float32Array([1]))] }));
  await processors.stop('faces');
  assert.deepEqual(detection.stopped, ['processor:faces']);
  assert.equal(statusOf(processors), 'STOPPED');
  await processors.stop('faces');
  await processors.close();
  assert.deepEqual(
    taken.map(({ key }) => key),
    ['door'],
  );
  assert.equal(JSON.parse(taken[0]?.text ?? '').FaceSearchResponse[0].MatchedFaces[0].Similarity, 90);
});

test('what runs goes on after a restart; what was stopped does not', async (t) => {
  const { detection, open, catalog } = rig(t);
  const before = open();
  before.create(faceSearchProcessor('runs'));
  before.create(faceSearchProcessor('rests'));
  before.begin('runs', {});
  before.begin('rests', {});
  await before.stop('rests');
  await before.close();
  assert.throws(() => before.begin('rests', {}), { code: 'closing' });
  const after = open();
  after.start();
  assert.deepEqual([statusOf(after, 'runs'), statusOf(after, 'rests')], ['RUNNING', 'STOPPED']);
  assert.equal(detection.attached.length, 3);
  assert.deepEqual(after.counts(), { RUNNING: 1, STOPPED: 1 });
  await after.close();
  // Consent was taken back, or the stream is another one by now.
  detection.consent = false;
  const last = open();
  last.start();
  assert.equal(statusOf(last, 'runs'), 'FAILED');
  assert.match(last.describe('runs').message ?? '', /faces\.consent/);
  assert.equal(catalog.get('runs')?.state.wish, 'failed');
  detection.consent = true;
  last.begin('runs', {});
  assert.equal(statusOf(last, 'runs'), 'RUNNING');
  await last.close();
});

test('without consent no face is looked at, also when it is taken back later', async (t) => {
  const { detection, open, taken } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  detection.consent = false;
  assert.throws(() => processors.begin('faces', {}), { code: 'no-consent', message: /faces\.consent/ });
  detection.consent = true;
  processors.begin('faces', {});
  detection.consent = false;
  detection.tell(resultOf(frameAt(1), { faces: [faceAt([0, 0, 0.2, 0.2])] }));
  await processors.stop('faces');
  assert.deepEqual(taken, []);
  assert.equal(detection.stopped.length, 1);
  await processors.close();
});

test('another stream under the same name is not looked at', async (t) => {
  const { detection, open, taken } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  processors.begin('faces', {});
  detection.doorMadeMs += 1;
  detection.tell(resultOf(frameAt(1), { faces: [faceAt([0, 0, 0.2, 0.2])] }));
  while (statusOf(processors) === 'STOPPING') await new Promise(setImmediate);
  const { status, message } = processors.describe('faces');
  assert.deepEqual([status, message], ['FAILED', `The stream ${STREAM_ARN} does not exist.`]);
  assert.throws(() => processors.begin('faces', {}), { code: 'no-stream' });
  assert.deepEqual(taken, []);
  await processors.close();
});

test('faces that cannot be compared: the processor is given up, and says why', async (t) => {
  const { detection, open } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  processors.begin('faces', {});
  detection.tell(resultOf(frameAt(1), { faces: [faceAt([0, 0, 0.2, 0.2], new Float32Array([1, 0]))] }));
  while (statusOf(processors) === 'STOPPING') await new Promise(setImmediate);
  const { status, message } = processors.describe('faces');
  assert.deepEqual([status, message], ['FAILED', 'the key is another one']);
  assert.deepEqual(detection.stopped, ['processor:faces']);
  await processors.close();
});

test('states: what may be done in which', async (t) => {
  const { detection, open } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  const known = processors.create(faceSearchProcessor());
  assert.deepEqual(processors.create(faceSearchProcessor()), known);
  assert.throws(() => processors.create({ ...faceSearchProcessor(), dataStream: 'other' }), {
    code: 'in-use',
  });
  processors.begin('faces', {});
  assert.throws(() => processors.begin('faces', {}), { code: 'in-use' });
  assert.throws(() => processors.remove('faces'), { code: 'in-use' });
  assert.throws(() => processors.change('faces', { regions: [] }), { code: 'in-use' });
  const { promise, resolve } = Promise.withResolvers<void>();
  detection.rest = promise;
  const stopping = processors.stop('faces');
  assert.equal(statusOf(processors), 'STOPPING');
  assert.throws(() => processors.begin('faces', {}), { code: 'in-use' });
  resolve();
  await stopping;
  processors.setTags('faces', { a: 'b' });
  processors.change('faces', { regions: [{ box: [0, 0, 1, 1] }] });
  const { processor } = processors.describe('faces');
  assert.deepEqual([processor.tags, processor.regions], [{ a: 'b' }, [{ box: [0, 0, 1, 1] }]]);
  processors.remove('faces');
  for (const attempt of [
    () => processors.describe('faces'),
    () => processors.begin('faces', {}),
    () => processors.remove('faces'),
    () => processors.setTags('faces', {}),
  ]) {
    assert.throws(attempt, { code: 'not-found' });
  }
  await assert.rejects(processors.stop('faces'), { code: 'not-found' });
  await processors.close();
});

test('what the watch says of itself', async (t) => {
  const { detection, open } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  processors.begin('faces', {});
  const status: WatchStatus = { state: 'degraded', message: 'too slow', tier: 'keyframes', lagMs: 9000 };
  detection.status = status;
  assert.deepEqual([statusOf(processors), processors.describe('faces').message], ['RUNNING', 'too slow']);
  detection.status = { ...status, state: 'failed', message: 'no model' };
  assert.deepEqual([statusOf(processors), processors.describe('faces').message], ['FAILED', 'no model']);
  await processors.close();
});

test('kinds, streams and how many there may be', async (t) => {
  const { open } = rig(t);
  const processors = open();
  processors.create(faceSearchProcessor());
  processors.create(labelProcessor());
  assert.throws(() => processors.begin('faces', { from: { producerMs: 1 } }), { code: 'not-for-kind' });
  assert.throws(() => processors.begin('faces', { maxDurationSeconds: 1 }), { code: 'not-for-kind' });
  assert.throws(() => processors.begin('labels', {}), { code: 'not-for-kind' });
  const stream = { name: 'door', createdMs: 5, arn: 'arn:of:an/earlier/door' };
  processors.create({ ...faceSearchProcessor('old'), stream });
  assert.throws(() => processors.begin('old', {}), { code: 'no-stream', message: /arn:of:an/ });
  assert.throws(() => processors.create(faceSearchProcessor('fourth')), { code: 'limit-exceeded' });
  assert.deepEqual(
    processors.list({ after: 'faces', limit: 1 }).map(({ processor }) => processor.name),
    ['labels'],
  );
  await processors.close();
});

test('a label session that cannot begin has failed, and says why', async (t) => {
  const { open, catalog } = rig(t);
  const processors = open();
  processors.create(labelProcessor());
  const session = processors.begin('labels', { from: { producerMs: 1 } });
  assert.equal(session.maxDurationSeconds, 10);
  assert.equal(statusOf(processors, 'labels'), 'STARTING');
  while (catalog.get('labels')?.state.wish === 'running') await new Promise(setImmediate);
  assert.equal(statusOf(processors, 'labels'), 'FAILED');
  assert.equal(processors.describe('labels').message, 'it is not to be opened');
  processors.remove('labels');
  await processors.close();
});
