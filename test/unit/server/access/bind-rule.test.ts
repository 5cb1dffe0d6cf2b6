import assert from 'node:assert/strict';
import { it } from 'node:test';
import { findBindProblem } from '../../../../server/access/bind-rule.ts';

it('open mode stays on loopback, access control may be anywhere', () => {
  assert.equal(findBindProblem(true, ['127.0.0.1', 'localhost', '::1']), undefined);
  assert.equal(findBindProblem(false, ['0.0.0.0', '::']), undefined);
  assert.match(findBindProblem(true, ['127.0.0.1', '0.0.0.0']) ?? '', /not on 0\.0\.0\.0/);
  assert.match(findBindProblem(true, ['::']) ?? '', /loopback only/);
});
