import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMatches } from '../../unit/server/web/support/schema.ts';
import { startWeb } from '../../unit/server/web/support/web-harness.ts';
import { Receiver } from '../delivery/support/receiver.ts';

test('webhooks are made, listed, tried and removed by admins; a secret is told once', async (t) => {
  const web = await startWeb(t);
  const receiver = await Receiver.start(t);
  const { admin: headers } = web;
  const url = receiver.url.replace('http://', 'http://ada:pass@');
  const json = { name: 'siren', url, filter: { types: ['object'], phases: ['enter'] } };
  const made = (await web.json('/api/webhooks', { method: 'POST', headers, json, status: 201 })) as {
    secret: string;
  };
  assert.match(made.secret, /^whsec_/);
  const text = await (await web.request('/api/webhooks', { headers })).text();
  assertMatches('WebhookWithSecret', made);
  assertMatches('WebhookList', JSON.parse(text));
  const { webhooks } = JSON.parse(text);
  assert.deepEqual(webhooks, [
    {
      name: 'siren',
      url: receiver.url.replace('http://', 'http://***@'),
      filter: json.filter,
      createdMs: web.nowMs,
      isOn: true,
      waiting: 0,
      lastDeliveredMs: null,
      problem: null,
    },
  ]);
  assert.deepEqual(await web.json('/api/webhooks/siren/test', { method: 'POST', headers }), {
    delivered: true,
    problem: null,
  });
  assert.equal(JSON.parse(receiver.posted[0]?.body ?? '').type, 'framelog.test');
  assert.equal(receiver.posted[0]?.headers.authorization, `Basic ${btoa('ada:pass')}`);
  receiver.answer = (_posted, response) => void response.writeHead(503).end();
  assert.deepEqual(await web.json('/api/webhooks/siren/test', { method: 'POST', headers }), {
    delivered: false,
    problem: 'answered with status 503',
  });
  const gone = await web.request('/api/webhooks/siren', { method: 'DELETE', headers });
  assert.equal(gone.status, 204);
  assert.deepEqual(await web.json('/api/webhooks', { headers }), { webhooks: [] });
  for (const secret of [made.secret.slice(6), 'ada:pass']) {
    assert.ok(!text.includes(secret) && !web.logLines.join().includes(secret), 'no secret is told or logged');
  }
});

test('what is wrong with a webhook is told', async (t) => {
  const web = await startWeb(t);
  const { admin: headers } = web;
  const post = (json: object, status: number) =>
    web.json('/api/webhooks', { method: 'POST', headers, json, status }) as Promise<{
      error: { code: string; message: string };
    }>;
  const good = { name: 'siren', url: 'https://example.com/hook' };
  const wrongs: [object, RegExp][] = [
    [{ ...good, name: '../x' }, /name/],
    [{ ...good, url: 'ftp://example.com' }, /url.*http/],
    [{ ...good, secret: 'guess' }, /secret.*whsec_/],
    [{ ...good, filter: { types: ['everything'] } }, /types/],
    [{ ...good, filter: { labels: [] } }, /labels/],
    [{ ...good, retries: 3 }, /retries/],
  ];
  for (const [json, message] of wrongs) assert.match((await post(json, 400)).error.message, message);
  await post(good, 201);
  assert.equal((await post(good, 409)).error.code, 'already-exists');
  const viewer = web.keys.add([{ action: 'view', stream: '*' }], web.nowMs);
  const unknown = await web.request('/api/webhooks/nobody/test', { method: 'POST', headers });
  assert.equal(unknown.status, 404);
  for (const method of ['GET', 'POST']) {
    const response = await web.request('/api/webhooks', {
      method,
      headers: { authorization: `Bearer ${viewer.secret}` },
      ...(method === 'POST' ? { json: good } : {}),
    });
    assert.equal(response.status, 403);
  }
});
