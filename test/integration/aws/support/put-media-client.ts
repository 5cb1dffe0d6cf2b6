import { type IncomingMessage, request as startRequest } from 'node:http';
import type { TestKey } from './aws-server.ts';
import { authorization, basicDate, sha256 } from './sign.ts';

/** An acknowledgement as it is on the wire. */
export interface PutMediaAck {
  readonly EventType: 'BUFFERING' | 'RECEIVED' | 'PERSISTED' | 'ERROR' | 'IDLE';
  readonly FragmentTimecode?: number;
  readonly FragmentNumber?: string;
  readonly ErrorCode?: string;
  readonly ErrorId?: number;
}

export interface PutMediaTarget {
  readonly endpoint: string;
  readonly region?: string;
  readonly key?: TestKey;
  readonly stream: string;
  readonly timecodeType?: 'ABSOLUTE' | 'RELATIVE';
  /** More headers, or others. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A session as a producer sees it. */
export interface PutMediaCall {
  /** Resolves with the head of the answer. */
  readonly response: Promise<IncomingMessage>;
  /** All acknowledgements so far. */
  readonly acks: readonly PutMediaAck[];
  /** Sends bytes; resolves when more may be sent. */
  write(bytes: Uint8Array): Promise<void>;
  /** The body is complete. */
  end(): void;
  /** Hangs up. */
  destroy(): void;
  /** Resolves with all acknowledgements when the answer has ended as it should; rejects when it broke off. */
  readonly over: Promise<readonly PutMediaAck[]>;
  /** Called for each acknowledgement, in the turn of the event loop that brought it. */
  onAck: (ack: PutMediaAck) => void;
}

/**
 * Headers of a PutMedia request as the C producer signs it (kvs.md §7): the hash of nothing, a `Host` without a port, hop-by-hop
 * headers among the signed ones, the content type not.
 */
export function putMediaHeaders(target: PutMediaTarget): Record<string, string> {
  const { hostname } = new URL(target.endpoint);
  const date = basicDate(Date.now());
  const signed: Record<string, string> = {
    connection: 'keep-alive',
    host: hostname,
    'transfer-encoding': 'chunked',
    'user-agent': 'AWS-SDK-KVS/1.6.4 GCC/10.2.1 Linux/5.10 x86_64',
    'x-amz-date': date,
    'x-amzn-fragment-acknowledgment-required': '1',
    'x-amzn-fragment-timecode-type': target.timecodeType ?? 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '0.0',
    'x-amzn-stream-name': target.stream,
    ...target.headers,
  };
  for (const [name, value] of Object.entries(signed)) if (value === '') delete signed[name];
  const headers: Record<string, string> = { ...signed, 'content-type': 'application/json' };
  if (target.key === undefined) return headers;
  headers.authorization = authorization({
    keyId: target.key.id,
    secret: target.key.secret,
    method: 'POST',
    canonicalPath: '/putMedia',
    headers: Object.fromEntries(Object.entries(signed).sort(([a], [b]) => (a < b ? -1 : 1))),
    payloadHash: sha256(''),
    date,
    region: target.region ?? 'us-east-1',
    service: 'kinesisvideo',
  });
  return headers;
}

/** Starts a session. */
export function putMedia(target: PutMediaTarget): PutMediaCall {
  const acks: PutMediaAck[] = [];
  const response = Promise.withResolvers<IncomingMessage>();
  const over = Promise.withResolvers<readonly PutMediaAck[]>();
  // Whoever looks at one of them only must not be told of the other.
  response.promise.catch(() => {});
  over.promise.catch(() => {});
  const request = startRequest(`${target.endpoint}/putMedia`, {
    method: 'POST',
    headers: putMediaHeaders(target),
  });
  request.setNoDelay(true);
  request.on('error', (error) => {
    response.reject(error);
    over.reject(error);
  });
  const call: PutMediaCall = {
    response: response.promise,
    acks,
    over: over.promise,
    onAck: () => {},
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const onClose = () => reject(new Error('the connection has ended'));
        if (request.destroyed) {
          onClose();
          return;
        }
        // what was not sent when the connection ends is never called back
        request.once('close', onClose);
        request.write(bytes, (error) => {
          request.off('close', onClose);
          if (error == null) resolve();
          else reject(error);
        });
      }),
    end: () => request.end(),
    destroy: () => request.destroy(),
  };
  request.on('response', (answer) => {
    response.resolve(answer);
    if (answer.statusCode !== 200) {
      over.reject(new Error(`PutMedia was answered with ${answer.statusCode}`));
      return;
    }
    answer.once('error', over.reject);
    let text = '';
    answer.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (text + piece).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const ack = JSON.parse(line) as PutMediaAck;
        acks.push(ack);
        call.onAck(ack);
      }
    });
    answer.once('end', () => {
      over.resolve(acks);
      // A producer that was answered hangs up, whatever it had still to send.
      if (!request.writableEnded) request.destroy();
    });
  });
  request.flushHeaders();
  return call;
}

/** Sends a whole body and waits for the end of the answer. */
export async function putWhole(
  target: PutMediaTarget,
  pieces: Iterable<Uint8Array>,
): Promise<readonly PutMediaAck[]> {
  const call = putMedia(target);
  for (const piece of pieces) await call.write(piece);
  call.end();
  return call.over;
}

/** `BUFFERING 0`, `ERROR 4004 2000`...: types, error ids and timecodes. */
export function shortAcks(acks: readonly PutMediaAck[]): string[] {
  return acks.map(({ EventType, ErrorId, FragmentTimecode }) =>
    [EventType, ErrorId, FragmentTimecode].filter((part) => part !== undefined).join(' '),
  );
}
