import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { LogReadError } from '../../../../fragments/stream/fragment-log.ts';
import { CatalogError } from '../../../../server/catalog/catalog.ts';
import { StreamError } from '../../../../server/streams/stream-service.ts';
import { ApiError, toApiError } from '../../../../server/web/api-error.ts';

test('errors of the service keep their code and get a status', () => {
  const statusOf = (error: Error) => toApiError(error).status;
  assert.equal(statusOf(new StreamError('not-found', 'no cam')), 404);
  assert.equal(statusOf(new StreamError('already-exists', 'cam')), 409);
  assert.equal(statusOf(new StreamError('invalid-name', '?')), 400);
  assert.equal(statusOf(new StreamError('closing', 'bye')), 503);
  assert.equal(statusOf(new LogReadError('gone', 'deleted')), 410);
  assert.equal(statusOf(new CatalogError('already-exists', 'key')), 409);
  assert.equal(statusOf(new CatalogError('damaged', 'sqlite')), 500);
  assert.equal(toApiError(new StreamError('busy', 'cam')).code, 'busy');
});

test('a ZodError names the properties, and no more than five of them', () => {
  const shape = z.strictObject({ a: z.number(), b: z.object({ c: z.string() }) });
  const { error } = shape.safeParse({ a: 'x', b: { c: 1 }, d: 1 });
  assert.ok(error);
  const { status, code, message } = toApiError(error);
  assert.equal(status, 400);
  assert.equal(code, 'invalid-request');
  assert.match(message, /a: .*b\.c: .*"d"/);
});

test('an error of our own says nothing of the inside', () => {
  for (const error of [
    new TypeError('secret path /x'),
    new LogReadError('damaged', '/var/x.mp4 at 7'),
    'text',
  ]) {
    const { status, message } = toApiError(error);
    assert.equal(status, 500);
    assert.doesNotMatch(message, /\/(x|var)/);
  }
});

test('what express throws keeps its status below 500 only', () => {
  const http = (status: number) => Object.assign(new Error('too large'), { status });
  assert.deepEqual([toApiError(http(413)).status, toApiError(http(413)).code], [413, 'body-too-large']);
  assert.equal(toApiError(http(502)).status, 500);
});

test('an ApiError stays itself', () => {
  const error = new ApiError(403, 'forbidden', 'no');
  assert.equal(toApiError(error), error);
});
