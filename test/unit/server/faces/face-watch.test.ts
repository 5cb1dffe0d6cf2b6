import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type DetectionEvent, detectionEventSchema } from '../../../../ml/events/detection-event.ts';
import type { WatchResult } from '../../../../ml/supervisor/watch-result.ts';
import type { ObservedFace, TrackedObject } from '../../../../ml/watch/observed.ts';
import { watchSettingsSchema } from '../../../../ml/watch/watch-settings.ts';
import {
  FaceWatch,
  type FaceWatchCounters,
  newFaceWatchCounters,
} from '../../../../server/faces/face-watch.ts';
import type { FaceMatch } from '../../../../server/faces/gallery.ts';

const NOW_MS = 1_790_000_000_000;
const SETTINGS = watchSettingsSchema.parse({ faces: { consent: true, gallery: 'staff' } });
const OF = { stream: 'door', watch: 'live' };

/** The first number of an embedding is how like it is to Ada; a negative one fails. */
function galleryOf(names: string[]) {
  const ada = {
    faceId: 'f1',
    person: 'Ada',
    imageId: 'i',
    createdMs: 0,
    box: [0, 0, 1, 1],
    score: 1,
  } as const;
  return {
    gallery: (name: string) =>
      names.includes(name) ? { name, createdMs: 0, faces: 1, retentionDays: null, tags: {} } : undefined,
    match: (_name: string, [similarity = 0]: Float32Array): FaceMatch[] => {
      if (similarity < 0) throw new Error('the disk is gone');
      return similarity === 0 ? [] : [{ face: ada, similarity }];
    },
  };
}

let counters: FaceWatchCounters;
let lines: string[];
beforeEach(() => {
  counters = newFaceWatchCounters();
  lines = [];
});

function open(state?: unknown, names = ['staff']): FaceWatch {
  const write = (_facts: object, line: string) => void lines.push(line);
  return new FaceWatch(
    { galleries: galleryOf(names), counters, logger: { warn: write, error: write } as never },
    OF,
    state,
  );
}

function object(trackId: string): TrackedObject {
  return {
    trackId,
    label: 'person',
    group: 'person',
    score: 0.7,
    topScore: 0.7,
    box: [0.4, 0.2, 0.2, 0.8],
    isConfirmed: true,
    trackConfidence: 1,
    enteredMs: NOW_MS - 500,
  };
}

function face(similarity: number | undefined, change: Partial<ObservedFace> = {}): ObservedFace {
  return {
    box: [0.45, 0.25, 0.1, 0.2],
    score: 0.9,
    landmarks: [],
    pose: { roll: 0, yaw: 0, pitch: 0 },
    trackId: 'a',
    embedding: similarity === undefined ? undefined : Float32Array.of(similarity, 0),
    ...change,
  };
}

function result(
  second: number,
  faces: readonly ObservedFace[],
  events: readonly DetectionEvent[] = [],
): WatchResult {
  const ms = NOW_MS + second * 1000;
  return {
    frame: {
      fragmentNumber: String(second).padStart(47, '0'),
      offsetMs: 40,
      producerMs: ms,
      serverMs: ms + 300,
    },
    picture: { width: 1000, height: 500 },
    skipped: undefined,
    model: { name: 'centernet', sha256: 'c' },
    objects: [object('a'), object('b')],
    faces,
    events,
    state: undefined,
    timings: { decodeMs: 0, inferMs: 0, totalMs: 0 },
  };
}

const leave = (trackId: string): DetectionEvent => ({
  schema: 'framelog.detection/1',
  id: '0'.repeat(26),
  ...OF,
  type: 'object',
  phase: 'leave',
  trackId,
  fragmentNumber: '0',
  frameOffsetMs: 0,
  producerMs: 0,
  serverMs: 0,
  model: { name: 'centernet', sha256: 'c' },
});

/** What each event says, in short. */
const said = (events: readonly DetectionEvent[]) =>
  events.map(
    ({ face, trackId }) => `${trackId} ${face?.result}${face?.person === undefined ? '' : ` ${face.person}`}`,
  );

describe('FaceWatch', () => {
  it('says of a known person once that he is known, in an event that leads to the frame', () => {
    const watch = open();
    const events = watch.observe(result(1, [face(0.83)]), SETTINGS);
    assert.equal(events.length, 1);
    const [event] = events;
    assert.deepEqual(detectionEventSchema.parse(event), event);
    assert.equal(event?.fragmentNumber, '1'.padStart(47, '0'));
    assert.equal(event?.frameOffsetMs, 40);
    assert.equal(event?.model.name, 'faceres');
    assert.deepEqual(event?.face, {
      result: 'known',
      person: 'Ada',
      faceId: 'f1',
      similarity: 0.83,
      box: [0.45, 0.25, 0.1, 0.2],
    });
    assert.deepEqual(event?.box, [0.4, 0.2, 0.2, 0.8]);
    assert.deepEqual(watch.observe(result(2, [face(0.9)]), SETTINGS), []);
    assert.deepEqual(watch.observe(result(3, [], [leave('a')]), SETTINGS), []);
    assert.equal(counters.known, 1);
  });

  it('calls nobody a stranger before three good looks, and then names the best of them', () => {
    const watch = open();
    assert.deepEqual(watch.observe(result(1, [face(0.3)]), SETTINGS), []);
    const best = face(0.4, { box: [0.4, 0.25, 0.2, 0.4] });
    assert.deepEqual(watch.observe(result(2, [best]), SETTINGS), []);
    const [event, ...others] = watch.observe(result(3, [face(0.2)]), SETTINGS);
    assert.deepEqual(others, []);
    assert.equal(event?.face?.result, 'unknown');
    assert.equal(event?.face?.person, undefined);
    assert.equal(event?.face?.similarity, 0.4);
    assert.equal(event?.fragmentNumber, '2'.padStart(47, '0'));
    assert.deepEqual(event?.clip, { fromMs: NOW_MS - 2500, toMs: NOW_MS + 12_000 });
    assert.deepEqual(watch.observe(result(4, [face(0.2)]), SETTINGS), []);
    assert.deepEqual(watch.observe(result(5, [], [leave('a')]), SETTINGS), []);
  });

  it('calls somebody a stranger who leaves after one good look', () => {
    const watch = open();
    watch.observe(result(1, [face(0.3)]), SETTINGS);
    assert.deepEqual(said(watch.observe(result(9, [], [leave('b'), leave('a')]), SETTINGS)), ['a unknown']);
    assert.equal(watch.state(), undefined);
  });

  it('says nothing of faces that tell too little', () => {
    const watch = open();
    const away = face(0.3, { pose: { roll: 0, yaw: 60, pitch: 0 } });
    const unsure = face(0.3, { score: 0.55 });
    const small = face(undefined);
    for (let second = 0; second < 9; second++) {
      assert.deepEqual(watch.observe(result(second, [away, unsure, small]), SETTINGS), []);
    }
    assert.deepEqual(watch.observe(result(10, [], [leave('a')]), SETTINGS), []);
    // But who is like somebody with his head turned is he.
    assert.deepEqual(
      said(watch.observe(result(11, [face(0.8, { pose: { roll: 0, yaw: 60, pitch: 0 } })]), SETTINGS)),
      ['a known Ada'],
    );
  });

  it('corrects itself when a better look shows who it is', () => {
    const watch = open();
    for (let second = 1; second < 4; second++) watch.observe(result(second, [face(0.5)]), SETTINGS);
    assert.deepEqual(said(watch.observe(result(4, [face(0.8)]), SETTINGS)), ['a known Ada']);
    assert.deepEqual(counters, { known: 1, unknown: 1, failed: 0 });
  });

  it('keeps two persons apart, and faces of nobody out', () => {
    const watch = open();
    const events = watch.observe(
      result(1, [
        face(0.8),
        face(0.9, { trackId: 'b' }),
        face(0.9, { trackId: undefined }),
        face(0.9, { trackId: 'c' }),
      ]),
      SETTINGS,
    );
    assert.deepEqual(said(events), ['a known Ada', 'b known Ada']);
    assert.equal(new Set(events.map(({ id }) => id)).size, 2);
  });

  it('neither loses nor repeats anything over restarts at any frame', () => {
    const story = [
      result(1, [face(0.4)]),
      result(2, [face(0.5), face(0.3, { trackId: 'b' })]),
      result(3, [face(0.45)]),
      result(4, [face(0.2), face(0.3, { trackId: 'b' })]),
      result(5, [face(0.8)]),
      result(6, [face(0.9)]),
      result(7, [], [leave('a'), leave('b')]),
    ];
    const straight = open();
    const wanted = story.flatMap((each) => straight.observe(each, SETTINGS));
    assert.deepEqual(said(wanted), ['a unknown', 'a known Ada', 'b unknown']);
    let watch = open();
    const got = story.flatMap((each) => {
      watch = open(watch.state() === undefined ? undefined : JSON.parse(JSON.stringify(watch.state())));
      return watch.observe(each, SETTINGS);
    });
    assert.deepEqual(got, wanted);
  });

  it('says nothing without consent, and forgets', () => {
    const watch = open();
    watch.observe(result(1, [face(0.4)]), SETTINGS);
    const without = watchSettingsSchema.parse({ faces: { consent: false } });
    assert.deepEqual(watch.observe(result(2, [face(0.9)], [leave('a')]), without), []);
    assert.equal(watch.state(), undefined);
    assert.equal(counters.known, 0);
  });

  it('compares nothing where there is no gallery, and says so once', () => {
    const watch = open(undefined, []);
    for (let second = 0; second < 5; second++)
      assert.deepEqual(watch.observe(result(second, [face(0.4)]), SETTINGS), []);
    assert.equal(lines.length, 1);
    assert.equal(counters.failed, 5);
  });

  it('goes on when a comparison fails', () => {
    const watch = open();
    assert.deepEqual(watch.observe(result(1, [face(-1)]), SETTINGS), []);
    assert.deepEqual(lines, ['a face could not be compared']);
    assert.deepEqual(said(watch.observe(result(2, [face(0.8)]), SETTINGS)), ['a known Ada']);
  });

  it('keeps nothing of a face, and a bounded number of persons', () => {
    let watch = open();
    for (let i = 0; i < 1000; i++) {
      const one = { ...result(1, [face(0.4, { trackId: `p${i}` })]), objects: [object(`p${i}`)] };
      watch.observe(one, SETTINGS);
    }
    const state = JSON.stringify(watch.state());
    assert.ok(state.length < 512 * 1000);
    watch = open(JSON.parse(state));
    assert.equal(JSON.stringify(watch.state()), state);
    watch.observe(result(1000, []), SETTINGS);
    assert.equal(watch.state(), undefined);
  });
});
