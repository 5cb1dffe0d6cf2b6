import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Health } from '../../../../server/observe/health.ts';

it('the server is ready when every announced check is good', () => {
  const health = new Health(['http', 'rtmp']);
  assert.deepEqual(health.report(), { checks: { http: false, rtmp: false } });
  health.set('http', true);
  assert.equal(health.isReady, false);
  health.set('rtmp', true);
  assert.equal(health.isReady, true);
  health.set('http', false);
  assert.deepEqual(health.report(), { checks: { http: false, rtmp: true } });
  assert.throws(() => health.set('htpp', true), RangeError);
});
