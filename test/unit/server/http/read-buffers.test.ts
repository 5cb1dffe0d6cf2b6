import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadBuffers } from '../../../../server/http/read-buffers.ts';

test('a returned buffer is lent again, and never to two at once', () => {
  const buffers = new ReadBuffers({ largeBytes: 1000, largeCount: 2, smallBytes: 10 });
  const one = buffers.take();
  const two = buffers.take();
  assert.notEqual(one, two);
  buffers.give(one);
  assert.equal(buffers.take(), one);
  assert.equal(buffers.lent, 2);
});

test('when all are lent, small ones are made instead of waiting', () => {
  const buffers = new ReadBuffers({ largeBytes: 1000, largeCount: 1, smallBytes: 10 });
  const large = buffers.take();
  const small = buffers.take();
  assert.equal(large.length, 1000);
  assert.equal(small.length, 10);
  buffers.give(small);
  assert.equal(buffers.take().length, 10);
  buffers.give(large);
  assert.equal(buffers.take(), large);
});

test('a forgotten buffer is not lent again, its place is free', () => {
  const buffers = new ReadBuffers({ largeBytes: 1000, largeCount: 1, smallBytes: 10 });
  const large = buffers.take();
  buffers.forget(large);
  const next = buffers.take();
  assert.equal(next.length, 1000);
  assert.notEqual(next, large);
});
