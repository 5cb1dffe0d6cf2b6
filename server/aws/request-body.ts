import type { IncomingMessage } from 'node:http';
import { AwsError } from './aws-call.ts';

/** The client hung up before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('the client hung up in the middle of its request');
    this.name = 'ClientGone';
  }
}

/** How many bytes of request bodies are in memory at once, over all connections. */
export class BodyBudget {
  readonly #limitBytes: number;
  /** Bodies that were refused because the budget was used up. */
  refused = 0;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Throws AwsError `ThrottlingException` when the bytes do not fit. */
  take(sizeBytes: number): void {
    if (this.#usedBytes + sizeBytes > this.#limitBytes) {
      this.refused += 1;
      throw new AwsError('ThrottlingException', 'Too many request bodies are being received at once.', {
        status: 400,
      });
    }
    this.#usedBytes += sizeBytes;
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }
}

/**
 * Reads a whole body and hands it to `use`; the budget holds its bytes until that is done. Throws AwsError
 * `RequestEntityTooLargeException` (413) or `ThrottlingException`, and ClientGone.
 */
export async function withBody<Result>(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
  use: (body: Buffer) => Result | Promise<Result>,
): Promise<Result> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let sizeBytes = 0;
  try {
    const pieces: Buffer[] = [];
    await readPieces(request, (piece) => {
      if (sizeBytes + piece.length > maxBytes) throw tooLarge(maxBytes);
      budget.take(piece.length);
      sizeBytes += piece.length;
      pieces.push(piece);
    });
    return await use(Buffer.concat(pieces, sizeBytes));
  } finally {
    budget.give(sizeBytes);
  }
}

/** Hands over each piece until the end, or until `take` throws; the request itself is left to its connection. */
function readPieces(request: IncomingMessage, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      request.off('data', onData).off('end', onEnd).off('close', onGone);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (piece: Buffer) => {
      try {
        take(piece);
      } catch (error) {
        settle(error);
      }
    };
    const onEnd = () => settle();
    const onGone = () => settle(new ClientGone());
    request.on('data', onData).once('end', onEnd).once('close', onGone);
    // A connection that breaks is an error of its request, which `close` follows.
    request.once('error', onGone);
  });
}

function tooLarge(maxBytes: number): AwsError {
  return new AwsError('RequestEntityTooLargeException', `The body is larger than ${maxBytes} bytes.`, {
    status: 413,
  });
}
