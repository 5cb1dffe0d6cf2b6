import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { Signers } from '../../../../server/access/access.ts';
import { openPrincipal } from '../../../../server/access/principals.ts';
import { AwsAuthenticator } from '../../../../server/aws/aws-authenticator.ts';
import type { AwsService } from '../../../../server/aws/aws-call.ts';
import type { AwsObservation } from '../../../../server/aws/aws-observer.ts';
import { createAwsRoute } from '../../../../server/aws/aws-route.ts';
import { BodyBudget } from '../../../../server/aws/request-body.ts';
import { createHttpServer, type HttpSettings } from '../../../../server/http/http-server.ts';
import { LogBook, type TLS } from '../http/http-rig.ts';

const openSigners: Signers = {
  openPrincipal,
  signer: () => ({ ok: false, reason: 'invalid' }),
  signatureFailed: () => undefined,
};

export interface FrameRigOptions {
  readonly tls?: typeof TLS;
  readonly settings?: Partial<HttpSettings>;
  readonly signers?: Signers;
  readonly bodiesBytes?: number;
}

/** The frame over a real port, with the services that a test makes up; open unless `signers` says otherwise. */
export async function startFrame(
  t: TestContext,
  services: readonly AwsService[],
  options: FrameRigOptions = {},
) {
  const logLines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logLines.push(line) });
  const observations: AwsObservation[] = [];
  const bodies = new BodyBudget(options.bodiesBytes ?? 1 << 26);
  const route = createAwsRoute({
    services,
    authenticator: new AwsAuthenticator(options.signers ?? openSigners, 'us-east-1'),
    logger,
    now: Date.now,
    observe: (one) => observations.push(one),
    bodies,
  });
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    mediaRoutes: [],
    claimingRoutes: [route],
    fallback: (_request, response) => void response.end('the page'),
    logger: new LogBook().logger,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  });
  await server.listen();
  t.after(() => server.close(0));
  return { origin: server.origin, counters: server.counters, logLines, observations, bodies };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly bytes: Buffer;
}

/** Begins a POST whose body is still to come, and the answer to it. */
export function beginPost(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): { readonly outgoing: ClientRequest; readonly reply: Promise<Reply> } {
  const outgoing = request(url, { method: 'POST', agent: false, headers });
  const reply = new Promise<Reply>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(pieces);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: bytes.toString(),
          bytes,
        });
      });
    });
  });
  return { outgoing, reply };
}

/** One POST with a body of JSON. */
export function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const { outgoing, reply } = beginPost(url, headers);
  outgoing.end(body);
  return reply;
}
