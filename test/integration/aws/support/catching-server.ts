import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from '../../../e2e/support/until.ts';

export interface CaughtRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP server that keeps what it is sent. */
export interface CatchingServer {
  readonly origin: string;
  readonly requests: CaughtRequest[];
  /** Waits for so many requests. */
  caught(count: number): Promise<readonly CaughtRequest[]>;
}

/** `answer`: the status for a request, by its number counted from 0; 200 by default. */
export async function startCatchingServer(
  t: TestContext,
  answer: (index: number) => { readonly status: number; readonly location?: string } = () => ({
    status: 200,
  }),
): Promise<CatchingServer> {
  const requests: CaughtRequest[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { status, location } = answer(requests.length);
      const { method = '', url: path = '', headers } = request;
      requests.push({ method, path, headers, body: Buffer.concat(pieces) });
      response.writeHead(status, location === undefined ? {} : { location });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    caught: async (count) => {
      await until(`${count} requests`, () => requests.length >= count);
      return requests;
    },
  };
}
