import type { IncomingMessage } from 'node:http';
import { PutMediaError } from './put-media-error.ts';

const MAX_BODY_BYTES = 1 << 20;

/** Reads a reply to its end. Throws PutMediaError `BadReply` when it is too long or breaks off. */
export async function readBody(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new PutMediaError('BadReply', 'the reply breaks off', { isRetryable: true }, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Exceptions that pass by themselves. */
const PASSING = new Set([
  'ClientLimitExceededException',
  'ConnectionLimitExceededException',
  'ThrottlingException',
]);

/** The error of a reply that is not 200: its name from the header or the body (kvs.md §1.6), its message from the body. */
export function errorOfReply(reply: IncomingMessage, body: string): PutMediaError {
  const statusCode = reply.statusCode ?? 0;
  const fields = jsonObject(body);
  const named = reply.headers['x-amzn-errortype'] ?? fields.__type ?? fields.code;
  // `prefix#Name:uri` is a form that services answer with, too.
  const code = (typeof named === 'string' ? named : '').replace(/^.*#/, '').replace(/:.*$/, '') || 'BadReply';
  const told = fields.message ?? fields.Message;
  const message = typeof told === 'string' ? told : `HTTP status ${statusCode}`;
  const isRetryable = statusCode >= 500 || statusCode === 429 || PASSING.has(code);
  return new PutMediaError(code, message, { statusCode, isRetryable });
}

/** The members of a JSON object; none of anything else. */
export function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
