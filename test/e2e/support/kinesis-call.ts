import { EventStreamReader } from '../../integration/aws/support/event-stream-reader.ts';

/** The server's refusal of a call. */
export class KinesisRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export interface KinesisRecord {
  readonly SequenceNumber: string;
  readonly PartitionKey: string;
  /** base64 */
  readonly Data: string;
}

export interface ChildShard {
  readonly ShardId: string;
  readonly ParentShards: readonly string[];
}

/** What GetRecords and the events of SubscribeToShard say. */
export interface ReadRecords {
  readonly Records: readonly KinesisRecord[];
  readonly NextShardIterator?: string;
  readonly ContinuationSequenceNumber?: string;
  readonly ChildShards?: readonly ChildShard[];
}

/** Calls of Kinesis to a server in open mode; bare, so that it costs little beside the server. */
export class KinesisCalls {
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  get isOver(): boolean {
    return this.#signal.aborted;
  }

  /** Throws KinesisRefusal; anything else when the server is gone. */
  async call<Output = unknown>(operation: string, input: object): Promise<Output> {
    const answer = await this.#post(operation, input);
    const text = await answer.text();
    return (text === '' ? {} : JSON.parse(text)) as Output;
  }

  /** Events of a subscription until it ends or the server is gone. */
  async *subscribe(input: object): AsyncGenerator<ReadRecords> {
    const answer = await this.#post('SubscribeToShard', input);
    const reader = new EventStreamReader();
    for await (const bytes of answer.body ?? []) {
      for (const { headers, payload } of reader.push(bytes)) {
        const type = headers[':event-type'] ?? headers[':exception-type'] ?? '';
        if (headers[':message-type'] === 'exception') throw new KinesisRefusal(type, payload.toString());
        if (type === 'SubscribeToShardEvent') yield JSON.parse(payload.toString()) as ReadRecords;
      }
    }
  }

  async #post(operation: string, input: object): Promise<Response> {
    const answer = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${operation}`,
      },
      body: JSON.stringify(input),
      signal: this.#signal,
    });
    if (answer.ok) return answer;
    const { __type, message } = (await answer.json()) as { __type: string; message: string };
    throw new KinesisRefusal(__type, message);
  }
}
