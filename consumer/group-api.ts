import { RecordConsumerError } from './consumer-error.ts';
import type { ConsumerSettings } from './consumer-options.ts';

/** The calls of the REST API that a consumer makes (docs/data-streams.md). All throw RecordConsumerError, or the signal's reason. */

export interface Lease {
  readonly shardId: string;
  readonly fence: number;
  readonly isWanted: boolean;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number | null;
}

export interface Membership {
  readonly session: number;
  readonly leases: readonly Lease[];
}

export interface ShardRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly explicitHashKey: string | null;
  readonly arrivalMs: number;
  /** Base64. */
  readonly data: string;
}

export interface ShardRecords {
  readonly records: readonly ShardRecord[];
  /** Where to read on. */
  readonly after: string;
  readonly isAtEnd: boolean;
  readonly behindMs: number;
}

/** Where to read: behind a sequence number (or from `TRIM_HORIZON`), or from one on. */
export type ReadFrom = { readonly after: string } | { readonly at: string };

const TIMEOUT_MS = 10_000;

export class GroupApi {
  readonly #settings: ConsumerSettings;
  readonly #root: string;

  constructor(settings: ConsumerSettings) {
    this.#settings = settings;
    this.#root = `${settings.endpoint}/api/data-streams/${encodeURIComponent(settings.stream)}`;
  }

  join(signal: AbortSignal): Promise<Membership> {
    const { worker, leaseMs, startAt } = this.#settings;
    const start = startAt instanceof Date ? startAt.getTime() : startAt;
    return this.#post('/workers', { worker, leaseMs, startAt: start }, signal);
  }

  heartbeat(session: number, signal: AbortSignal): Promise<Membership> {
    return this.#post(`${this.#workerPath}/heartbeat`, { session }, signal);
  }

  async leave(session: number, signal: AbortSignal): Promise<void> {
    await this.#post(`${this.#workerPath}/leave`, { session }, signal);
  }

  async checkpoint(
    lease: Lease,
    to: { readonly sequenceNumber: string; readonly subSequenceNumber: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { worker } = this.#settings;
    const body = { worker, fence: lease.fence, ...to };
    await this.#post(`/leases/${lease.shardId}/checkpoint`, body, signal);
  }

  async release(lease: Lease, signal: AbortSignal): Promise<void> {
    const body = { worker: this.#settings.worker, fence: lease.fence };
    await this.#post(`/leases/${lease.shardId}/release`, body, signal);
  }

  read(
    shardId: string,
    from: ReadFrom,
    limits: { readonly maxRecords: number; readonly waitMs: number },
    signal: AbortSignal,
  ): Promise<ShardRecords> {
    const waitMs = Math.ceil(limits.waitMs);
    const query = new URLSearchParams({
      ...from,
      limit: String(limits.maxRecords),
      waitMs: String(waitMs),
    });
    const url = `${this.#root}/shards/${encodeURIComponent(shardId)}/records?${query}`;
    return this.#call(url, { method: 'GET' }, waitMs + TIMEOUT_MS, signal);
  }

  get #workerPath(): string {
    return `/workers/${encodeURIComponent(this.#settings.worker)}`;
  }

  #post<Answer>(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    const url = `${this.#root}/groups/${encodeURIComponent(this.#settings.group)}${path}`;
    const headers = { 'content-type': 'application/json' };
    return this.#call(url, { method: 'POST', body: JSON.stringify(body), headers }, TIMEOUT_MS, signal);
  }

  async #call<Answer>(
    url: string,
    init: { readonly method: string; readonly body?: string; readonly headers?: Record<string, string> },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    signal.throwIfAborted();
    const { key } = this.#settings;
    const secret = typeof key === 'function' ? await key() : key;
    const headers = {
      accept: 'application/json',
      ...init.headers,
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    };
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let status: number;
    let text: string;
    try {
      const reply = await fetch(url, { ...init, headers, signal: either, redirect: 'error' });
      status = reply.status;
      text = await reply.text();
    } catch (cause) {
      signal.throwIfAborted();
      const { origin } = new URL(url);
      throw new RecordConsumerError(
        'unreachable',
        `cannot reach ${origin}`,
        { isRetryable: true },
        { cause },
      );
    }
    if (status === 204) return {} as Answer;
    const json = parseObject(text, status);
    if (status === 200) return json as Answer;
    throw errorOf(status, json);
  }
}

function parseObject(text: string, status: number): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    // A proxy in between answers in HTML.
    throw badReply(status, { cause });
  }
  throw badReply(status);
}

function badReply(status: number, options?: ErrorOptions): RecordConsumerError {
  const isRetryable = status === 200 || isPassing(status);
  const message = `the answer is no JSON object (HTTP status ${status})`;
  return new RecordConsumerError('bad-reply', message, { status, isRetryable }, options);
}

function errorOf(status: number, json: object): RecordConsumerError {
  const { error } = json as { readonly error?: { readonly code?: unknown; readonly message?: unknown } };
  const code = typeof error?.code === 'string' ? error.code : 'bad-reply';
  const message = typeof error?.message === 'string' ? error.message : `HTTP status ${status}`;
  return new RecordConsumerError(code, message, { status, isRetryable: isPassing(status) });
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}
