import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { documentConfig } from '../../../../server/config/document.ts';

it('docs/configuration.md is what the schema says: else run `node test/docs/write-docs.ts`', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(page, documentConfig());
});
