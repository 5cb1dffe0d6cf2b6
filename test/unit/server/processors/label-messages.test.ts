import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LabelMessages } from '../../../../server/processors/label-messages.ts';
import { classesOf, labelsOf } from '../../../../server/processors/object-classes.ts';
import { frameAt, labelProcessor, objectOf, resultOf, STREAM_ARN } from './support.ts';

const session = { id: 'session-1', startedMs: 0, from: { producerMs: 5 }, maxDurationSeconds: 20 };
const frameUri = ({ producerMs }: { producerMs: number }) => `https://here/${producerMs}`;
const make = (more: object = {}) => new LabelMessages({ ...labelProcessor(), ...more }, session, frameUri);

interface Message {
  readonly eventNamespace: { readonly type: string };
  readonly labels?: readonly { readonly name: string; readonly confidence: number }[];
  readonly eventId: string;
}

const namesOf = (messages: readonly object[]) =>
  (messages as readonly Message[]).map(({ labels }) => labels?.map(({ name }) => name).join());

test('each class is told once, the first time it is sure enough; the surest of a frame', () => {
  const messages = make();
  const seen = [
    [objectOf('person', 0.4)],
    [objectOf('car', 0.9)],
    [objectOf('person', 0.6), objectOf('person', 0.8)],
    [objectOf('person', 0.9), objectOf('dog', 0.7), objectOf('cat', 0.6)],
    [objectOf('cat', 0.9)],
  ].map((objects, index) => messages.take(resultOf(frameAt(index), { objects })));
  assert.deepEqual(seen.map(namesOf), [[], [], ['PERSON'], ['PET'], []]);
  const [message] = (seen[2] ?? []) as Message[];
  assert.equal(message?.labels?.[0]?.confidence, 80);
  assert.ok(messages.isSatisfied);
});

test('a message says where, when, and in which session', () => {
  const messages = make();
  const [message] = messages.take(resultOf(frameAt(3), { objects: [objectOf('person', 0.75)] }));
  const { eventId, labels, ...rest } = message as Message & Record<string, unknown>;
  assert.match(eventId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const [{ id, ...label } = { id: '' }] = labels as unknown as { id: string }[];
  assert.notEqual(id, eventId);
  assert.deepEqual(rest, {
    inputInformation: { kinesisVideo: { streamArn: STREAM_ARN } },
    eventNamespace: { type: 'LABEL_DETECTED' },
    tags: { place: 'yard' },
    sessionId: 'session-1',
    startStreamProcessorRequest: {
      name: 'labels',
      startSelector: { kvsStreamStartSelector: { producerTimestamp: 5 } },
      stopSelector: { maxDurationInSeconds: 20 },
    },
  });
  assert.deepEqual(label, {
    name: 'PERSON',
    confidence: 75,
    frameImageUri: 'https://here/1700000003000',
    videoMapping: {
      kinesisVideoMapping: {
        fragmentNumber: '9'.repeat(47),
        serverTimestamp: 1_700_000_001_750,
        producerTimestamp: 1_700_000_001_500,
        frameOffsetMillis: 1500,
      },
    },
    boundingBox: { left: 0.1, top: 0.2, width: 0.3, height: 0.4 },
  });
});

test('the same frames seen again make the same messages', () => {
  const run = () => {
    const messages = make();
    const told = messages.take(resultOf(frameAt(3), { objects: [objectOf('person', 0.75)] }));
    return [...told, messages.complete('over')];
  };
  assert.deepEqual(run(), run());
});

test('at the end: how much was looked at', () => {
  const messages = make();
  for (const seconds of [0, 2, 1.5]) messages.passed(frameAt(seconds));
  const complete = messages.complete('over') as Record<string, unknown>;
  assert.deepEqual(complete.inputInformation, {
    kinesisVideo: { streamArn: STREAM_ARN, processedVideoDurationMillis: 2000 },
  });
  assert.deepEqual(complete.streamProcessingResults, { message: 'over' });
  assert.equal(make().processedMs, 0);
});

test('regions and frames that were passed over', () => {
  const messages = make({ regions: [{ box: [0, 0, 0.5, 0.5] }] });
  const objects = [objectOf('person', 0.9, [0.6, 0.6, 0.2, 0.2])];
  assert.deepEqual(messages.take(resultOf(frameAt(0), { objects })), []);
  const inside = [objectOf('person', 0.9, [0.1, 0.1, 0.2, 0.2])];
  assert.deepEqual(messages.take(resultOf(frameAt(0), { objects: inside, skipped: 'no-motion' })), []);
  assert.equal(messages.take(resultOf(frameAt(0), { objects: inside })).length, 1);
});

test('ALL is every class', () => {
  assert.deepEqual(classesOf({ labels: ['ALL'] }), ['PERSON', 'PET', 'PACKAGE']);
  assert.deepEqual(classesOf({ labels: ['PET', 'PET'] }), ['PET']);
  assert.ok(labelsOf(['PERSON']).includes('person'));
});
