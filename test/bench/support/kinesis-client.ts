import { Agent, type IncomingMessage, request } from 'node:http';
import { authorization, basicDate, sha256 } from '../../integration/aws/support/sign.ts';

const REGION = 'us-east-1';

/** A call of a Kinesis operation as bytes, made and signed once: what it costs to send again is the server's alone. */
export interface PreparedCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A client that adds as little as it can to what is measured. */
export class KinesisBenchClient {
  readonly #url: URL;
  readonly #key: { readonly id: string; readonly secret: string };
  readonly #agent: Agent;

  constructor(endpoint: string, key: { readonly id: string; readonly secret: string }, connections: number) {
    this.#url = new URL(endpoint);
    this.#key = key;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  prepare(
    operation: string,
    input: object | Buffer,
    contentType = 'application/x-amz-json-1.1',
  ): PreparedCall {
    const body = Buffer.isBuffer(input) ? input : Buffer.from(JSON.stringify(input));
    const date = basicDate(Date.now());
    const signed = {
      'content-type': contentType,
      host: this.#url.host,
      'x-amz-date': date,
      'x-amz-target': `Kinesis_20131202.${operation}`,
    };
    const header = authorization({
      keyId: this.#key.id,
      secret: this.#key.secret,
      method: 'POST',
      canonicalPath: '/',
      headers: signed,
      payloadHash: sha256(body),
      date,
      region: REGION,
      service: 'kinesis',
    });
    return { headers: { ...signed, authorization: header, 'content-length': String(body.length) }, body };
  }

  /** Sends it; answers the response with its body still to come. Throws for another status than 200. */
  async send({ headers, body }: PreparedCall): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = request(this.#url, { method: 'POST', agent: this.#agent, headers });
      sending.on('response', resolve);
      sending.on('error', reject);
      sending.end(body);
    });
    if (response.statusCode === 200) return response;
    throw new Error(`status ${response.statusCode}: ${await textOf(response)}`);
  }

  /** Sends it and reads the answer. */
  async call(operation: string, input: object): Promise<Record<string, unknown>> {
    const text = await textOf(await this.send(this.prepare(operation, input)));
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  return (await bytesOf(response)).toString();
}

export async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
