import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { readEvents, type ServerSentEvent } from '../../../unit/server/web/support/server-sent-events.ts';
import type { WebHarness } from '../../../unit/server/web/support/web-harness.ts';

export type ReadEvent = ServerSentEvent<{
  readonly data?: unknown;
  readonly shardId?: string;
  readonly partitionKey?: string;
}>;

/** Follows the records of the stream `events`; reads events one at a time. */
export async function follow(
  t: TestContext,
  web: WebHarness,
  query = '',
  headers: Record<string, string> = web.admin,
) {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await web.request(`/api/streams/events/records${query}`, { headers, signal: stop.signal });
  assert.equal(response.status, 200, `${query}: ${response.status}`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.ok(response.body);
  const events = readEvents<ReadEvent['data']>(response.body);
  const next = async (): Promise<ReadEvent | undefined> => {
    const { value, done } = await events.next();
    return done === true ? undefined : value;
  };
  /** What the next records hold; other events are passed over. */
  const contents = async (count: number): Promise<unknown[]> => {
    const found: unknown[] = [];
    while (found.length < count) {
      const each = await next();
      assert.ok(each, 'the events ended');
      if (each.event === 'record') found.push(each.data.data);
    }
    return found;
  };
  return { next, contents, stop: () => stop.abort() };
}
