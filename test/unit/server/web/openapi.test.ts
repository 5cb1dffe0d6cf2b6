import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { webRoutes } from '../../../../server/web/web-app.ts';
import { startWeb } from './support/web-harness.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { content: { 'application/json'?: { schema: { $ref: string } } } };
  readonly security?: readonly object[];
  readonly responses: Record<string, object>;
}

type PathItem = Record<string, Operation> & { readonly parameters?: readonly Parameter[] };

const document = JSON.parse(
  readFileSync(new URL('../../../../server/web/openapi.json', import.meta.url), 'utf8'),
) as {
  openapi: string;
  paths: Record<string, PathItem>;
  components: { schemas: Record<string, { properties?: object }> };
};

const METHODS = ['get', 'post', 'patch', 'delete', 'put'];

function operations(): { key: string; item: PathItem; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => {
      const operation = item[method] as Operation;
      return { key: `${method} ${path}`, item, operation };
    }),
  );
}

test('every route of the express app is in openapi.json, and nothing else is', async (t) => {
  const { app } = await startWeb(t);
  const mounted = app.router.stack.flatMap(({ route }) => {
    // `route.all` answers the methods that no route takes: not a route of its own.
    if (route === undefined || route.stack.every(({ method }) => method === undefined)) return [];
    const methods = new Set(route.stack.map(({ method }) => method));
    return [route.path]
      .flat()
      .flatMap((path) => [...methods].map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`));
  });
  const described = operations().map(({ key }) => key);
  assert.deepEqual([...new Set(mounted)].sort(), described.sort());
});

test('the parameters and bodies of openapi.json are those that the routes read', () => {
  for (const route of webRoutes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    const item = document.paths[path];
    const operation = item?.[route.method];
    assert.ok(item && operation, `${route.method} ${path}`);
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
    const named = (place: string) =>
      parameters.filter((parameter) => parameter.in === place).map(({ name }) => name);
    assert.deepEqual(named('query').sort(), [...route.queryNames].sort(), `query of ${route.method} ${path}`);
    assert.deepEqual(
      named('path').sort(),
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
      `path of ${route.method} ${path}`,
    );
    const schema = operation.requestBody?.content['application/json']?.schema.$ref.split('/').at(-1);
    const body = schema === undefined ? {} : document.components.schemas[schema]?.properties;
    assert.deepEqual(
      Object.keys(body ?? {}).sort(),
      [...route.bodyNames].sort(),
      `body of ${route.method} ${path}`,
    );
  }
});

test('every operation has its own id, and every reference leads somewhere', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const [reference] of JSON.stringify(document).matchAll(/#\/components\/[\w/]+/g)) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], document);
    assert.notEqual(found, undefined, reference);
  }
});

test('what openapi.json says needs no credentials is what answers without them', async (t) => {
  const web = await startWeb(t);
  web.streams.add('cam');
  for (const { key, operation } of operations()) {
    const [method = '', path = ''] = key.split(' ');
    const url = path.replaceAll('{name}', 'cam').replaceAll('{id}', 'x').replaceAll('{file}', 'page.css');
    const body = operation.requestBody === undefined ? {} : { json: EXAMPLE_BODIES[operation.operationId] };
    // As a proxy passes it on, so that /metrics does not take us for a local scraper.
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    const response = await web.request(url, { method: method.toUpperCase(), headers, ...body });
    await response.body?.cancel();
    const isPublic = operation.security?.length === 0;
    if (!isPublic) assert.equal(response.status, 401, key);
    else if (!PUBLIC_REFUSALS.has(operation.operationId)) assert.notEqual(response.status, 401, key);
    if (response.status >= 400)
      assert.ok(String(response.status) in operation.responses, `${key}: ${response.status}`);
  }
});

/** Answer 401 by their nature: they were given nothing to sign in with. */
const PUBLIC_REFUSALS = new Set(['login', 'signIn']);

const EXAMPLE_BODIES: Record<string, object> = {
  signIn: { secret: 'wrong' },
  createStream: { name: 'new' },
  updateStream: { retentionHours: 1 },
  createKey: { name: 'key', rights: [{ action: 'admin' }] },
  createToken: { stream: 'cam' },
  createWebhook: { name: 'siren', url: 'https://example.com/hook' },
  createDetectionJob: { stream: 'cam' },
  cancelDetectionJob: {},
  resumeDetectionJob: {},
  createDataStream: { name: 'events' },
  putRecords: { records: [{ partitionKey: 'k', data: 1 }] },
  joinGroup: { worker: 'w' },
  heartbeat: { session: 1 },
  leaveGroup: { session: 1 },
  checkpoint: { worker: 'w', fence: 1, sequenceNumber: 'SHARD_END' },
  createGallery: { name: 'staff' },
  updateGallery: { retentionDays: 1 },
  addFaceOfFrame: { person: 'Ada', stream: 'cam', at: 0 },
  updateStreamDetection: { tier: 'keyframes' },
  releaseLease: { worker: 'w', fence: 1 },
};
