import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { AckParser, errorOf, type PutMediaAck } from './ack.ts';
import { errorOfReply, readBody } from './http-reply.ts';
import { PutMediaError } from './put-media-error.ts';

export interface SessionHooks {
  readonly onAck: (ack: PutMediaAck) => void;
  /** More can be written, or the session is over. */
  readonly onChange: () => void;
}

/** One PutMedia request: its body goes out while acknowledgements come in (kvs.md §2.1, §2.2). */
export class PutMediaSession {
  readonly #request: ClientRequest;
  readonly #hooks: SessionHooks;
  readonly #parser = new AckParser();
  #outcome: { readonly error?: PutMediaError } | undefined;
  #hasReply = false;

  /** `headers`: signed. */
  constructor(url: URL, headers: Readonly<Record<string, string>>, hooks: SessionHooks) {
    this.#hooks = hooks;
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    // A connection of its own: nothing else can use one whose request goes on for an hour.
    this.#request = open(url, { method: 'POST', headers, agent: false });
    this.#request.on('response', (reply) => this.#readReply(reply));
    this.#request.on('drain', () => hooks.onChange());
    this.#request.on('error', (cause) => {
      // A refused body breaks the connection while the reply that says why is being read.
      if (!this.#hasReply) this.#finish(disconnected(`the connection to ${url.origin} failed`, cause));
    });
    this.#request.on('close', () => {
      if (!this.#hasReply) this.#finish(disconnected(`${url.origin} closed the connection`));
    });
  }

  /** The reply is complete, or cannot be any more. */
  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** Why it is over, when that was not as it should be. */
  get error(): PutMediaError | undefined {
    return this.#outcome?.error;
  }

  /** May more be written without more than a socket's buffer of it waiting? */
  get isWritable(): boolean {
    return !this.isOver && !this.#request.writableNeedDrain;
  }

  write(parts: readonly Uint8Array[]): void {
    this.#request.cork();
    for (const part of parts) this.#request.write(part);
    this.#request.uncork();
  }

  /** The body is complete; acknowledgements still come, then the reply ends. */
  endBody(): void {
    this.#request.end();
  }

  /** Hangs up. */
  destroy(error?: PutMediaError): void {
    this.#finish(error);
    this.#request.destroy();
  }

  async #readReply(reply: IncomingMessage): Promise<void> {
    this.#hasReply = true;
    try {
      if (reply.statusCode !== 200) throw errorOfReply(reply, await readBody(reply));
      for await (const bytes of reply as AsyncIterable<Buffer>) this.#takeAcks(bytes);
      this.#finish(undefined);
    } catch (error) {
      this.#finish(error instanceof PutMediaError ? error : disconnected('the reply broke off', error));
    }
    this.#request.destroy();
  }

  #takeAcks(bytes: Buffer): void {
    for (const ack of this.#parser.push(bytes)) {
      if (this.isOver) return;
      this.#hooks.onAck(ack);
      // "Every ERROR ack ends the session" (kvs.md §2.4).
      if (ack.eventType === 'ERROR') throw errorOf(ack);
    }
  }

  #finish(error: PutMediaError | undefined): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = error === undefined ? {} : { error };
    this.#hooks.onChange();
  }
}

function disconnected(message: string, cause?: unknown): PutMediaError {
  return new PutMediaError('Disconnected', message, { isRetryable: true }, { cause });
}
