import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import type { ProcessorRecord } from '../../../server/catalog/processor-catalog.ts';
import { openProcessors } from '../../../server/processors/open-processors.ts';
import type { RecordService } from '../../../server/records/record-service.ts';
import { settle } from '../../unit/fragments/log/support/manual-clock.ts';
import { camera, NOW_MS, VIDEO } from '../../unit/fragments/stream/media.ts';
import type { Script } from '../../unit/server/detection/support/scripted-supervisor.ts';
import { labelProcessor, objectOf } from '../../unit/server/processors/support.ts';
import { startRig } from '../detection/support/detection-rig.ts';

/** Label sessions on real streams; what is seen stands in a script. */

/** A person in every key frame from the third second on, a dog from the fifth. */
const YARD: Script = {
  onSample({ frame, isSync, isDue = true }) {
    if (!isSync || !isDue) return undefined;
    const seconds = (frame.producerMs - NOW_MS) / 1000;
    return {
      objects: [
        ...(seconds >= 3 ? [objectOf('person', 0.8)] : []),
        ...(seconds >= 5 ? [objectOf('dog', 0.7)] : []),
      ],
    };
  },
};

interface Message {
  readonly type: string;
  readonly what: string | undefined;
  readonly atSeconds: number | undefined;
  readonly processedMs: number | undefined;
  readonly eventId: string;
}

function readMessage(data: Uint8Array): Message {
  const { eventNamespace, labels, inputInformation, eventId } = JSON.parse(Buffer.from(data).toString());
  const { producerTimestamp, frameOffsetMillis } = labels?.[0].videoMapping.kinesisVideoMapping ?? {};
  return {
    type: eventNamespace.type,
    what: labels?.[0].name,
    atSeconds: labels === undefined ? undefined : (producerTimestamp + frameOffsetMillis - NOW_MS) / 1000,
    processedMs: inputInformation.kinesisVideo.processedVideoDurationMillis,
    eventId,
  };
}

async function start(t: TestContext) {
  const rig = startRig(t, { script: YARD, defaultTier: 'off' });
  const cam = await rig.publish('door');
  const messages: Message[] = [];
  const put: RecordService['put'] = (_name, { data }) => {
    messages.push(readMessage(data));
    return Promise.resolve({ shardId: 's', sequenceNumber: '1' });
  };
  const open = () =>
    openProcessors({
      settings: { max: 10, maxWaitingRecords: 100, idleSeconds: 30 },
      catalog: rig.catalog.processors,
      detection: rig.detection.service,
      galleries: { match: () => [] },
      streams: rig.streams,
      records: { put },
      frameUri: () => 'http://here',
      clock: rig.clock,
      logger: pino({ level: 'silent' }),
    }).processors;
  const processors = open();
  const { createdMs } = rig.streams.record('door') ?? assert.fail('no stream');
  const stream: ProcessorRecord['stream'] = { name: 'door', createdMs, arn: 'arn:door' };
  processors.create({ ...labelProcessor('yard'), stream });
  /** Resolves when the session has ended, by itself. */
  const ended = async () => {
    while (processors.describe('yard').status === 'STARTING') await settle();
    return processors.describe('yard');
  };
  t.after(() => processors.close());
  return { ...rig, cam, processors, messages, open, ended };
}

const told = (messages: readonly Message[]) =>
  messages.map(({ what, atSeconds, processedMs }) =>
    what === undefined ? processedMs : `${what} at ${atSeconds}`,
  );

test('a session over what is recorded: the first of each class, and the end', async (t) => {
  const { cam, processors, messages, supervisor, ended } = await start(t);
  await cam.send(camera(0, 12_000));
  await cam.end();
  processors.begin('yard', { from: { producerMs: NOW_MS + 1500 }, maxDurationSeconds: 8 });
  const { status, message } = await ended();
  assert.deepEqual([status, message], ['STOPPED', '8 seconds of video were looked at.']);
  assert.deepEqual(told(messages), ['PERSON at 3', 'PET at 5', 7960]);
  const [watch] = supervisor.watches;
  assert.equal(watch?.options.pace, 'batch');
  assert.deepEqual(watch?.settings.labels, ['person', 'cat', 'dog', 'pet']);
  assert.ok(watch?.isClosed);
  // The fragment is decoded from its beginning; looked at are the frames of the session, until all is seen.
  const due = watch?.offered
    .filter(({ isDue }) => isDue)
    .map(({ frame }) => (frame.producerMs - NOW_MS) / 1000);
  assert.equal(watch?.offered[0]?.frame.producerMs, NOW_MS + 1000);
  assert.equal(Math.min(...(due ?? [])), 1.52);
  assert.ok(Math.max(...(due ?? [])) < 9.5);
  processors.begin('yard', { from: { producerMs: NOW_MS + 1500 }, maxDurationSeconds: 8 });
  await ended();
  const ids = messages.map(({ eventId }) => eventId);
  assert.equal(new Set(ids).size, 6, 'another session says it anew');
});

test('a session from a fragment on, one that is gone, and one that is still to come', async (t) => {
  const { cam, processors, messages, streams, ended } = await start(t);
  await cam.send(camera(0, 6000));
  await cam.end();
  const { log } = await streams.open('door');
  const [, , , fourth] = await log.list(0, 10);
  const begin = async (fragmentNumber: string) => {
    processors.begin('yard', { from: { fragmentNumber }, maxDurationSeconds: 1 });
    await ended();
    return told(messages.splice(0));
  };
  assert.deepEqual(await begin(fourth?.number ?? ''), ['PERSON at 3', 960]);
  // A number before all that are kept: the first one after it.
  assert.deepEqual(await begin('1'.padStart(47, '0')), [960]);
});

test('a session that is ahead of the camera waits for it', async (t) => {
  const { cam, processors, messages, ended } = await start(t);
  await cam.send(camera(0, 2000));
  processors.begin('yard', { from: { producerMs: NOW_MS + 1000 }, maxDurationSeconds: 5 });
  await settle();
  assert.deepEqual(messages, []);
  await cam.send(camera(2000, 5000));
  assert.deepEqual(told(messages), ['PERSON at 3']);
  await cam.send(camera(5000, 8000));
  await ended();
  assert.deepEqual(told(messages), ['PERSON at 3', 'PET at 5', 4960]);
});

test('a camera that stays away ends the session, and so does who stops it', async (t) => {
  const { cam, processors, messages, clock, supervisor, ended } = await start(t);
  const samples = camera(0, 4500);
  await cam.send(samples);
  const pictures = samples.filter(({ trackId }) => trackId === VIDEO.id).length;
  const begin = () => processors.begin('yard', { from: { producerMs: NOW_MS }, maxDurationSeconds: 60 });
  begin();
  // Everything was read, but for the last picture, whose end is not known yet: now it waits.
  while ((supervisor.watches[0]?.offered.length ?? 0) < pictures - 1) await settle();
  await settle();
  await clock.advance(29_000);
  assert.equal(processors.describe('yard').status, 'STARTING');
  await clock.advance(2000);
  const { status, message } = await ended();
  assert.deepEqual([status, message], ['STOPPED', 'No video came for 30 seconds.']);
  assert.equal(messages.at(-1)?.processedMs, 4440);
  messages.splice(0);
  begin();
  while (messages.length === 0) await settle();
  await processors.stop('yard');
  while (messages.length < 2) await settle();
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['LABEL_DETECTED', 'STREAM_PROCESSING_COMPLETE'],
  );
  assert.equal(processors.describe('yard').status, 'STOPPED');
});

test('a session that the end of the server breaks off is looked at again, with the same ids', async (t) => {
  const { cam, processors, messages, open, catalog } = await start(t);
  await cam.send(camera(0, 4500));
  processors.begin('yard', { from: { producerMs: NOW_MS }, maxDurationSeconds: 6 });
  while (messages.length === 0) await settle();
  await processors.close();
  const again = open();
  again.start();
  await cam.send(camera(4500, 8000));
  while (catalog.processors.get('yard')?.state.wish === 'running') await settle();
  while (messages.length < 4) await settle();
  assert.deepEqual(told(messages), ['PERSON at 3', 'PERSON at 3', 'PET at 5', 5960]);
  assert.equal(messages[0]?.eventId, messages[1]?.eventId);
  await again.close();
});

test('nobody can look: the session has failed', async (t) => {
  const { cam, processors, supervisor, ended } = await start(t);
  await cam.send(camera(0, 2000));
  await supervisor.close();
  processors.begin('yard', { from: { producerMs: NOW_MS }, maxDurationSeconds: 5 });
  const { status, message } = await ended();
  assert.deepEqual([status, message], ['FAILED', 'the supervisor is closed']);
});
