import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaceIds } from '../../../../server/faces/face-ids.ts';

const NOW_MS = 1_790_000_000_000;

describe('FaceIds', () => {
  it('are UUIDs of version 7 that tell their time', () => {
    const id = new FaceIds(undefined).next(NOW_MS);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replace('-', '').slice(0, 12), 16), NOW_MS);
  });

  it('grow, within a millisecond, when the clock goes back, and after a restart', () => {
    let ids = new FaceIds(undefined);
    let last = '';
    for (let i = 0; i < 10_000; i++) {
      if (i % 1000 === 999) ids = new FaceIds(last);
      const id = ids.next(NOW_MS - i);
      assert.ok(id > last);
      last = id;
    }
  });
});
