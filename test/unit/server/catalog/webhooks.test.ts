import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import type { WebhookRecord } from '../../../../server/catalog/webhook-catalog.ts';

const webhook: WebhookRecord = {
  name: 'siren',
  createdMs: 1_760_000_000_000,
  url: 'https://siren.example/hook',
  secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0',
  filter: { types: ['object'], minScore: 0.5 },
  offReason: null,
};

test('webhooks are kept, changed and forgotten', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'framelog-webhooks-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'catalog.db');
  const first = SqliteCatalog.open(path);
  first.webhooks.insert(webhook);
  first.webhooks.insert({ ...webhook, name: 'bell', filter: {} });
  assert.throws(() => first.webhooks.insert(webhook), { code: 'already-exists' });
  first.webhooks.update({ ...webhook, offReason: 'answered with status 410' });
  assert.throws(() => first.webhooks.update({ ...webhook, name: 'nobody' }), { code: 'not-found' });
  first.close();

  const { webhooks, close } = reopened(path);
  t.after(close);
  assert.deepEqual(
    webhooks.list().map(({ name }) => name),
    ['bell', 'siren'],
  );
  assert.deepEqual(webhooks.get('siren'), { ...webhook, offReason: 'answered with status 410' });
  assert.equal(webhooks.remove('siren'), true);
  assert.equal(webhooks.remove('siren'), false);
  assert.equal(webhooks.get('siren'), undefined);
});

function reopened(path: string) {
  const catalog = SqliteCatalog.open(path);
  return { webhooks: catalog.webhooks, close: () => catalog.close() };
}
