/** One event as a browser would be given it; its data read as JSON. */
export interface ServerSentEvent<Data> {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Data;
}

/** Reads a body of server-sent events one by one; comments are passed over. */
export async function* readEvents<Data>(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent<Data>, void, void> {
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
