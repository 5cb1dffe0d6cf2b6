import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Box } from '../../../../ml/geometry/box.ts';
import type { PictureQuestion } from '../../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../../ml/watch/observed.ts';
import { chooseFace, EnrollError, FaceEnrollment } from '../../../../server/faces/enrollment.ts';
import type { NewFace } from '../../../../server/faces/gallery.ts';

const WIDTH = 1000;
const withCode = (code: string) => (error: unknown) => error instanceof EnrollError && error.code === code;

function face(left: number, pixels: number, change: Partial<ObservedFace> = {}): ObservedFace {
  return {
    box: [left, 0.2, pixels / WIDTH, 0.2],
    score: 0.9,
    landmarks: [],
    trackId: undefined,
    embedding: pixels >= 50 ? Float32Array.of(left) : undefined,
    ...change,
  };
}

describe('chooseFace', () => {
  it('takes the only face, also with people in the background', () => {
    assert.equal(chooseFace([face(0.1, 200)], WIDTH, undefined).box[0], 0.1);
    assert.equal(chooseFace([face(0.7, 60), face(0.1, 200)], WIDTH, undefined).box[0], 0.1);
  });

  it('asks which one is meant, and then takes it', () => {
    const faces = [face(0.1, 100), face(0.4, 120), face(0.8, 30)];
    assert.throws(() => chooseFace(faces, WIDTH, undefined), withCode('several-faces'));
    const meant: Box = [0.05, 0.1, 0.2, 0.4];
    assert.equal(chooseFace(faces, WIDTH, meant).box[0], 0.1);
    assert.throws(() => chooseFace(faces, WIDTH, [0.6, 0.1, 0.05, 0.4]), withCode('no-face'));
  });

  it('refuses what shows no face, or one that tells nobody apart', () => {
    assert.throws(() => chooseFace([], WIDTH, undefined), withCode('no-face'));
    assert.throws(() => chooseFace([face(0.1, 100, { score: 0.55 })], WIDTH, undefined), withCode('no-face'));
    assert.throws(
      () => chooseFace([face(0.1, 49)], WIDTH, undefined),
      (error: unknown) => {
        assert.ok(withCode('too-small')(error));
        assert.match(String(error), /49 pixels/);
        return true;
      },
    );
  });
});

describe('FaceEnrollment', () => {
  const NUMBER = '1'.padStart(47, '0');
  const png = Uint8Array.of(1, 2, 3);

  function enrollment(
    faces: readonly ObservedFace[],
    picture: 'there' | 'no-media' | 'media-error' = 'there',
  ) {
    const added: NewFace[] = [];
    const questions: PictureQuestion[] = [];
    const instants: number[] = [];
    const answer = (atMs: number) => {
      instants.push(atMs);
      if (picture !== 'there') return { atMs, error: picture };
      return { atMs, image: { bytes: png, fragment: {} as never, frameMs: atMs } };
    };
    const subject = new FaceEnrollment({
      galleries: {
        gallery: () => undefined,
        match: (_name, [similarity = 0]) => [{ face: { faceId: 'f' } as never, similarity }],
        addFaces: (_name, news, nowMs) => {
          added.push(...news);
          return news.map(({ embedding: _, ...rest }) => ({ ...rest, faceId: 'f1', createdMs: nowMs }));
        },
      },
      supervisor: {
        look: async (question) => {
          questions.push(question);
          return { width: WIDTH, height: 500, model: undefined, objects: [], faces };
        },
      },
      streams: { open: async (name) => ({ record: { name } }) as never },
      images: {
        images: async (_stream, question) => question.instants.map(answer),
        ofFragment: async (_stream, _ordinal, question) => question.instants.map(answer),
        fragmentNamed: async (_stream, number) =>
          number === NUMBER ? { info: { producerMs: 7000, ordinal: 3 } as never, isLive: false } : undefined,
      },
    });
    return { subject, added, questions, instants };
  }

  it('adds the face of a photo', async () => {
    const { subject, added, questions } = enrollment([face(0.1, 100)]);
    const photo = Uint8Array.of(9);
    const made = await subject.add('staff', { kind: 'photo', file: photo }, { person: 'Ada', nowMs: 5 });
    assert.equal(made.person, 'Ada');
    assert.match(made.imageId, /^[0-9a-f-]{36}$/);
    assert.equal(questions[0]?.file, photo);
    assert.deepEqual(questions[0]?.faces, { minPixels: 50 });
    assert.deepEqual(added[0]?.embedding, Float32Array.of(0.1));
  });

  it('adds the face of a frame: by its time, or as events name it', async () => {
    const { subject, questions, instants } = enrollment([face(0.1, 100)]);
    const who = { person: 'Ada', nowMs: 5 };
    await subject.add('staff', { kind: 'instant', stream: 'door', producerMs: 1234 }, who);
    await subject.add('staff', { kind: 'frame', stream: 'door', fragmentNumber: NUMBER, offsetMs: 480 }, who);
    assert.deepEqual(instants, [1234, 7480]);
    assert.ok(questions.every(({ file }) => file === png));
  });

  it('says why there is no picture', async () => {
    const who = { person: 'Ada', nowMs: 5 };
    const instant = { kind: 'instant', stream: 'door', producerMs: 1 } as const;
    await assert.rejects(enrollment([], 'no-media').subject.add('staff', instant, who), withCode('no-media'));
    await assert.rejects(
      enrollment([], 'media-error').subject.add('staff', instant, who),
      withCode('media-error'),
    );
    const gone = { kind: 'frame', stream: 'door', fragmentNumber: '2', offsetMs: 0 } as const;
    await assert.rejects(enrollment([]).subject.add('staff', gone, who), withCode('no-media'));
  });

  it('tells who is in a picture', async () => {
    const { subject } = enrollment([face(0.5, 100), face(0.1, 20)]);
    const found = await subject.search('staff', { kind: 'photo', file: png }, { minSimilarity: 0, limit: 3 });
    assert.deepEqual(
      found.map(({ matches }) => matches?.map(({ similarity }) => similarity)),
      [[0.5], undefined],
    );
  });
});
