import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeKey } from '../../../../server/access/key-factory.ts';

test('ids look like those of AWS; secrets need no escaping in a URL or on a command line', () => {
  const keys = Array.from({ length: 1000 }, () =>
    makeKey({ name: 'camera', rights: [{ action: 'publish', stream: 'cam' }], expiresMs: null }, 5),
  );
  for (const { id, secret } of keys) {
    assert.match(id, /^FL[A-Z2-7]{18}$/);
    assert.match(secret, /^\w[\w-]{39}$/);
  }
  assert.equal(new Set(keys.map(({ id }) => id)).size, 1000);
  assert.equal(new Set(keys.map(({ secret }) => secret)).size, 1000);
});
