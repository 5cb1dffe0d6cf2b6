import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One GET over a connection of its own; `onHead` is called when the first bytes of the answer are there. */
export function get(
  url: string,
  headers: Record<string, string> = {},
  onHead?: (incoming: IncomingMessage) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, headers }, (incoming) => {
      onHead?.(incoming);
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(pieces) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
