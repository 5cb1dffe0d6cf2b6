import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { WebHarness } from '../../../unit/server/web/support/web-harness.ts';

export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly data?: unknown; readonly shardId?: string; readonly partitionKey?: string };
}

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
  const events = readEvents(response.body);
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

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadEvent, void, void> {
  let text = '';
  for await (const bytes of body) {
    text += Buffer.from(bytes).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const event = field('event');
      if (event !== undefined) yield { event, id: field('id'), data: JSON.parse(field('data') ?? '') };
    }
  }
}
