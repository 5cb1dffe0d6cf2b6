import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type PictureQuestion, WatchError } from '../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../ml/watch/observed.ts';
import { startWeb, type WebHarness } from '../../unit/server/web/support/web-harness.ts';

const PHOTO = Buffer.from('as if it were a JPEG');

function face(left: number, change: Partial<ObservedFace> = {}): ObservedFace {
  const embedding = new Float32Array(1024);
  embedding[Math.round(left * 10)] = 1;
  return { box: [left, 0.2, 0.1, 0.2], score: 0.9, landmarks: [], trackId: undefined, embedding, ...change };
}

interface Galleries extends WebHarness {
  /** What is seen in any picture from now on. */
  show(...faces: ObservedFace[]): void;
  readonly questions: PictureQuestion[];
  /** As admin; answers status and JSON. */
  ask(method: string, path: string, body?: object | Buffer): Promise<{ status: number; body: Answer }>;
}

interface Answer {
  readonly [name: string]: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

async function start(t: TestContext): Promise<Galleries> {
  const web = await startWeb(t);
  const questions: PictureQuestion[] = [];
  let faces: readonly ObservedFace[] = [];
  const look = async (question: PictureQuestion) => {
    questions.push(question);
    return { width: 1000, height: 500, model: undefined, objects: [], faces };
  };
  Object.assign(web.supervisor, { look });
  return {
    ...web,
    questions,
    show: (...seen) => {
      faces = seen;
    },
    ask: async (method, path, body) => {
      const sent = Buffer.isBuffer(body)
        ? { body: new Uint8Array(body) }
        : body === undefined
          ? {}
          : { json: body };
      const response = await web.request(path, { method, headers: web.admin, ...sent });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer) };
    },
  };
}

describe('Galleries over REST', () => {
  it('are made, changed, listed and deleted', async (t) => {
    const web = await start(t);
    const made = await web.ask('POST', '/api/galleries', { name: 'staff', retentionDays: 30 });
    const staff = { name: 'staff', createdMs: web.nowMs, faces: 0, retentionDays: 30, tags: {} };
    assert.deepEqual(made, { status: 201, body: staff });
    assert.equal((await web.ask('POST', '/api/galleries', { name: 'staff' })).status, 409);
    assert.equal((await web.ask('POST', '/api/galleries', { name: 'a b' })).status, 400);
    assert.equal((await web.ask('POST', '/api/galleries', { name: 'x', retentionDays: 0 })).status, 400);
    const changed = await web.ask('PATCH', '/api/galleries/staff', {
      retentionDays: null,
      tags: { site: 'n' },
    });
    assert.deepEqual(changed.body, { ...staff, retentionDays: null, tags: { site: 'n' } });
    assert.deepEqual((await web.ask('GET', '/api/galleries')).body, { galleries: [changed.body] });
    assert.deepEqual((await web.ask('GET', '/api/galleries/staff')).body, changed.body);
    assert.equal((await web.ask('DELETE', '/api/galleries/staff')).status, 204);
    for (const [method, path] of [
      ['GET', '/api/galleries/staff'],
      ['DELETE', '/api/galleries/staff'],
      ['GET', '/api/galleries/staff/faces'],
      ['DELETE', '/api/galleries/staff/faces/x'],
    ] as const) {
      assert.equal((await web.ask(method, path)).status, 404, `${method} ${path}`);
    }
  });

  it('take people from photos, page through them, find them again, and delete them', async (t) => {
    const web = await start(t);
    await web.ask('POST', '/api/galleries', { name: 'staff' });
    const ids: unknown[] = [];
    for (const [i, person] of ['Ada', 'Grace', 'Jo%C3%A3o'].entries()) {
      web.show(face(i / 10));
      const { status, body } = await web.ask('POST', `/api/galleries/staff/photos?person=${person}`, PHOTO);
      assert.equal(status, 201);
      assert.equal(body.person, decodeURIComponent(person));
      assert.deepEqual(body.box, [i / 10, 0.2, 0.1, 0.2]);
      ids.push(body.faceId);
    }
    assert.deepEqual(Buffer.from(web.questions[0]?.file ?? []), PHOTO);
    const first = await web.ask('GET', '/api/galleries/staff/faces?limit=2');
    assert.equal((first.body.faces as object[]).length, 2);
    assert.equal(first.body.next, ids[1]);
    const second = await web.ask('GET', `/api/galleries/staff/faces?limit=2&after=${first.body.next}`);
    assert.deepEqual(
      (second.body.faces as { person: string }[]).map(({ person }) => person),
      ['João'],
    );
    assert.equal(second.body.next, null);

    web.show(face(0.1), face(0.9, { embedding: undefined }));
    const found = await web.ask('POST', '/api/galleries/staff/search?minSimilarity=.5', PHOTO);
    const [grace, small] = found.body.faces as {
      matches: { similarity: number; face: { person: string } }[] | null;
    }[];
    assert.deepEqual(
      grace?.matches?.map(({ similarity, face: { person } }) => [person, similarity]),
      [['Grace', 1]],
    );
    assert.equal(small?.matches, null);

    assert.equal((await web.ask('DELETE', `/api/galleries/staff/faces/${ids[1]}`)).status, 204);
    assert.equal((await web.ask('DELETE', `/api/galleries/staff/faces/${ids[1]}`)).status, 404);
    const after = await web.ask('POST', '/api/galleries/staff/search?minSimilarity=.5', PHOTO);
    assert.deepEqual((after.body.faces as { matches: object[] }[])[0]?.matches, []);
    // Neither a name nor an embedding in the log.
    assert.equal(
      web.logLines.some((line) => line.includes('Grace')),
      false,
    );
  });

  it('say what is wrong with a picture', async (t) => {
    const web = await start(t);
    await web.ask('POST', '/api/galleries', { name: 'staff' });
    const add = (query = 'person=Ada', photo = PHOTO) =>
      web.ask('POST', `/api/galleries/staff/photos?${query}`, photo);
    const refused = async (asked: ReturnType<typeof add>, status: number, code: string) => {
      const answer = await asked;
      assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
    };
    await refused(add(), 422, 'no-face');
    web.show(face(0.1), face(0.5));
    await refused(add(), 422, 'several-faces');
    await refused(add('person=Ada&box=0.8,0,0.1,0.1'), 422, 'no-face');
    await refused(add('person=Ada&box=1,2'), 400, 'invalid-request');
    assert.equal((await add('person=Ada&box=0.45,0.1,0.3,0.5')).status, 201);
    web.show(face(0.1, { embedding: undefined, box: [0.1, 0.1, 0.03, 0.06] }));
    await refused(add(), 422, 'too-small');
    await refused(add('person='), 400, 'invalid-request');
    await refused(add(''), 400, 'invalid-request');
    await refused(add('person=Ada', Buffer.alloc(0)), 400, 'invalid-request');
    await refused(add('person=Ada', Buffer.alloc(10 * 1024 * 1024 + 1)), 413, 'body-too-large');
    for (const [code, status] of [
      ['bad-media', 422],
      ['busy', 503],
      ['unavailable', 503],
    ] as const) {
      web.supervisor.look = () => Promise.reject(new WatchError(code, 'for a reason'));
      await refused(add(), status, code);
    }
  });

  it('want one frame, of a stream that there is', async (t) => {
    const web = await start(t);
    web.streams.add('cam');
    await web.ask('POST', '/api/galleries', { name: 'staff' });
    const add = async (body: object) => {
      const answer = await web.ask('POST', '/api/galleries/staff/faces', {
        person: 'Ada',
        stream: 'cam',
        ...body,
      });
      return [answer.status, answer.body.error?.code];
    };
    assert.deepEqual(await add({ at: 1000, stream: 'other' }), [404, 'not-found']);
    assert.deepEqual(await add({}), [400, 'invalid-request']);
    assert.deepEqual(await add({ at: 1000, fragmentNumber: '7'.repeat(47) }), [400, 'invalid-request']);
    assert.deepEqual(await add({ at: 1000, more: 1 }), [400, 'invalid-request']);
  });

  it('are for admins only, whose photo is not read before they are known', async (t) => {
    const web = await start(t);
    await web.ask('POST', '/api/galleries', { name: 'staff' });
    const viewer = web.keys.add([{ action: 'view', stream: '*' }], web.nowMs);
    const headers = { authorization: `Bearer ${viewer.secret}` };
    for (const [method, path, json] of [
      ['GET', '/api/galleries', undefined],
      ['POST', '/api/galleries', { name: 'mine' }],
      ['GET', '/api/galleries/staff', undefined],
      ['PATCH', '/api/galleries/staff', {}],
      ['DELETE', '/api/galleries/staff', undefined],
      ['GET', '/api/galleries/staff/faces', undefined],
      ['POST', '/api/galleries/staff/faces', { person: 'Ada', stream: 'cam', at: 0 }],
      ['POST', '/api/galleries/staff/photos?person=Ada', undefined],
      ['POST', '/api/galleries/staff/search', undefined],
      ['DELETE', '/api/galleries/staff/faces/x', undefined],
    ] as const) {
      const body = json === undefined ? {} : { json };
      assert.equal((await web.request(path, { method, headers, ...body })).status, 403, `${method} ${path}`);
      assert.equal((await web.request(path, { method, ...body })).status, 401, `${method} ${path}`);
    }
    assert.equal(web.questions.length, 0);
  });
});
