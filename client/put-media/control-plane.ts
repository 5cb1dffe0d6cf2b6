import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { errorOfReply, jsonObject, readBody } from './http-reply.ts';
import { PutMediaError } from './put-media-error.ts';
import { type Credentials, signedHeaders } from './sigv4.ts';

/** The control plane calls that a producer needs (kvs.md §1). */

export interface ControlPlane {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  readonly signal: AbortSignal;
}

/** A stream by its name or by its ARN. */
export type StreamId = { readonly StreamName: string } | { readonly StreamARN: string };

const TIMEOUT_MS = 15_000;

/** Where PutMedia of this stream goes. Throws PutMediaError. */
export async function dataEndpoint(plane: ControlPlane, stream: StreamId): Promise<string> {
  const { DataEndpoint } = await call(plane, '/getDataEndpoint', { ...stream, APIName: 'PUT_MEDIA' });
  if (typeof DataEndpoint === 'string' && URL.canParse(DataEndpoint)) return DataEndpoint;
  throw new PutMediaError('BadReply', 'GetDataEndpoint answered no endpoint', { isRetryable: false });
}

/** Hours that the stream is archived; 0: it is not, and fragments are never PERSISTED. Throws PutMediaError. */
export async function retentionHours(plane: ControlPlane, stream: StreamId): Promise<number> {
  const { StreamInfo } = await call(plane, '/describeStream', stream);
  const hours = (StreamInfo as { DataRetentionInHours?: unknown } | undefined)?.DataRetentionInHours;
  if (typeof hours === 'number') return hours;
  throw new PutMediaError('BadReply', 'DescribeStream answered no retention', { isRetryable: false });
}

/** Makes a stream; one that somebody else has made meanwhile is as good. Throws PutMediaError. */
export async function createStream(plane: ControlPlane, StreamName: string, hours: number): Promise<void> {
  try {
    await call(plane, '/createStream', { StreamName, DataRetentionInHours: hours });
  } catch (error) {
    if (!(error instanceof PutMediaError) || error.code !== 'ResourceInUseException') throw error;
  }
}

async function call(plane: ControlPlane, path: string, input: object): Promise<Record<string, unknown>> {
  const url = new URL(plane.endpoint.replace(/\/$/, '') + path);
  const body = JSON.stringify(input);
  const { region } = plane;
  const headers = signedHeaders(
    { method: 'POST', url, headers: { 'content-type': 'application/json' }, body, region },
    await plane.credentials(),
    Date.now(),
  );
  const signal = AbortSignal.any([plane.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, { method: 'POST', headers, signal, agent: false });
    request.end(body);
    const [reply] = (await once(request, 'response')) as [IncomingMessage];
    const text = await readBody(reply);
    if (reply.statusCode !== 200) throw errorOfReply(reply, text);
    return jsonObject(text);
  } catch (cause) {
    if (cause instanceof PutMediaError) throw cause;
    plane.signal.throwIfAborted();
    throw new PutMediaError('Disconnected', `cannot reach ${url.origin}`, { isRetryable: true }, { cause });
  }
}
