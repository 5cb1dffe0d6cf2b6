import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DataStreamInfo,
  RecordError,
  type ShardPosition,
  type ShardRead,
  type StartingPosition,
} from '../../records/record-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import { loadModel, type StructureShape } from '../model.ts';
import type { OperationTable } from '../operation-table.ts';
import { EVENT_STREAM_TYPE, eventMessage, exceptionMessage } from '../protocols/event-stream.ts';
import { json11 } from '../protocols/json-1.1.ts';
import type { AwsProtocol } from '../protocols/protocol.ts';
import { selectProtocol } from '../protocols/select-protocol.ts';
import { DataResources } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { childShardForms, encryptionTypeOf, recordForm } from './record-forms.ts';
import { requireShard, requireShardId } from './shard-id.ts';
import { startingPositionOf } from './starting-position.ts';
import { awsErrorOf, translating } from './translate-error.ts';

interface SubscribeInput {
  readonly ConsumerARN: string;
  readonly ShardId: string;
  readonly StartingPosition: {
    readonly Type: StartingPosition['type'];
    readonly SequenceNumber?: string;
    readonly Timestamp?: number;
  };
}

/** "stays open 5 min" */
const LIFE_MS = 300_000;
/** "empty events come as heartbeat" */
const HEARTBEAT_MS = 5000;
/** One event: well below the 24 MiB that readers take as a payload, in base64 too. */
const EVENT_LIMITS = { maxRecords: 10_000, maxBytes: 1024 * 1024 };
/** "2 MB/s per consumer and shard" */
const BYTES_PER_SECOND = 2 * 1024 * 1024;

/** Pushes the records of a shard to a consumer as soon as they are durable (kinesis-data-streams.md §5). */
export function subscribeOperation(parts: KinesisParts): OperationTable {
  const resources = new DataResources(parts.records, parts.account);

  const subscribe = async (
    call: AwsCall<SubscribeInput>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { input, principal, nowMs, signal } = call;
    const consumer = resources.consumer(input, 'view', principal);
    const stream = resources.stream(consumer.stream);
    const shardId = requireShardId(parts.account, stream.name, input.ShardId);
    const starting = startingPositionOf(input.StartingPosition, {
      operation: 'SubscribeToShard',
      stream: stream.name,
      accountId: parts.account.accountId,
      shard: requireShard(parts.account, stream, shardId),
      nowMs,
    });
    const position = await translating(() => parts.records.position(stream.name, shardId, starting, nowMs));
    const over = new AbortController();
    const ended = parts.subscriptions.begin(input.ConsumerARN, shardId, nowMs, () => over.abort());
    const counters = parts.counters.of(stream.name);
    if (ended === undefined) {
      counters.refusedSubscriptions += 1;
      throw new AwsError(
        'ResourceInUseException',
        `Another active subscription exists for this consumer: ${parts.account.accountId}:${consumer.stream}:${shardId}:${consumer.name}`,
      );
    }
    const life = AbortSignal.any([signal, over.signal, AbortSignal.timeout(LIFE_MS)]);
    const protocol = selectProtocol(loadModel('kinesis'), request.headers['content-type']) ?? json11;
    counters.subscriptions += 1;
    try {
      await new Subscription(parts, stream, protocol, response, life).run(position);
    } finally {
      counters.subscriptions -= 1;
      ended();
    }
  };

  return { streamHandlers: { SubscribeToShard: subscribe } };
}

/** One connection that is pushed to. */
class Subscription {
  readonly #parts: KinesisParts;
  readonly #stream: DataStreamInfo;
  readonly #protocol: AwsProtocol;
  readonly #response: ServerResponse;
  readonly #life: AbortSignal;

  constructor(
    parts: KinesisParts,
    stream: DataStreamInfo,
    protocol: AwsProtocol,
    response: ServerResponse,
    life: AbortSignal,
  ) {
    this.#parts = parts;
    this.#stream = stream;
    this.#protocol = protocol;
    this.#response = response;
    this.#life = life;
  }

  async run(from: ShardPosition): Promise<void> {
    this.#response.writeHead(200, { 'Content-Type': EVENT_STREAM_TYPE });
    // botocore takes the first event as `initial-response` and fails without it.
    await this.#send(eventMessage('initial-response', this.#protocol.contentType, this.#payload(EMPTY, {})));
    try {
      await this.#push(from);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      const told = awsErrorOf(error);
      await this.#send(
        exceptionMessage(told.code, this.#protocol.contentType, this.#protocol.writeError(told, undefined)),
      );
    }
    this.#response.end();
  }

  async #push(from: ShardPosition): Promise<void> {
    const { records } = this.#parts;
    const { name } = this.#stream;
    let position = from;
    let isFirst = true;
    while (!this.#life.aborted) {
      const read = await records.read(name, position, EVENT_LIMITS, Date.now());
      position = read.next;
      // The first event comes at once, also an empty one: it says where the consumer is.
      if (read.records.length > 0 || read.isAtEnd || isFirst) await this.#sendEvent(read);
      isFirst = false;
      if (read.isAtEnd) return;
      if (read.records.length > 0) await this.#pace(read);
      else await this.#waitForMore(position);
    }
  }

  /** Waits for records; sends an empty event now and then while there are none. */
  async #waitForMore(position: ShardPosition): Promise<void> {
    const { records } = this.#parts;
    const { name } = this.#stream;
    const beat = AbortSignal.timeout(HEARTBEAT_MS);
    await records.waitForMore(name, position, AbortSignal.any([this.#life, beat]));
    if (!beat.aborted || this.#life.aborted) return;
    const read = await records.read(name, position, { maxRecords: 0, maxBytes: 0 }, Date.now());
    if (!read.isAtEnd) await this.#sendEvent({ ...read, records: [] });
  }

  async #sendEvent(read: ShardRead): Promise<void> {
    this.#parts.counters.countEvent(this.#stream.name, read);
    const encryptionType = encryptionTypeOf(this.#stream);
    const payload = this.#payload(EVENT, {
      Records: read.records.map((record) => recordForm(record, encryptionType)),
      // Without one the consumer knows that the shard has ended.
      ContinuationSequenceNumber: read.isAtEnd ? undefined : read.continuationSequenceNumber,
      MillisBehindLatest: read.behindLatestMs,
      ChildShards: childShardForms(read),
    });
    await this.#send(eventMessage('SubscribeToShardEvent', this.#protocol.contentType, payload));
  }

  #payload(shape: StructureShape, output: AwsOutput): Uint8Array {
    return this.#protocol.writeStructure(shape, output);
  }

  /** Holds back as long as what was sent takes at the consumer's rate. */
  async #pace({ records }: ShardRead): Promise<void> {
    if (!this.#parts.readLimiter.isOn) return;
    const sizeBytes = records.reduce((sum, { data }) => sum + data.length, 0);
    const holdMs = (sizeBytes * 1000) / BYTES_PER_SECOND;
    // Little is not worth a timer, which would delay what comes next.
    if (holdMs < 5) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, holdMs);
    const wake = () => resolve();
    this.#life.addEventListener('abort', wake, { once: true });
    await promise;
    clearTimeout(timer);
    this.#life.removeEventListener('abort', wake);
  }

  /** A consumer that does not read is waited for: nothing is queued for it beyond one event. */
  async #send(message: Buffer): Promise<void> {
    if (this.#response.destroyed || this.#life.aborted) return;
    if (this.#response.write(message)) return;
    try {
      await once(this.#response, 'drain', { signal: this.#life });
    } catch (error) {
      if (!this.#life.aborted) throw error;
    }
  }
}

const model = loadModel('kinesis');
const EMPTY: StructureShape = { type: 'structure', name: 'Empty', isSensitive: false, members: [] };
const EVENT = eventShape();

function eventShape(): StructureShape {
  const stream = model.operations.get('SubscribeToShard')?.output.members[0]?.shape;
  const event =
    stream?.type === 'structure'
      ? stream.members.find(({ name }) => name === 'SubscribeToShardEvent')
      : undefined;
  if (event?.shape.type !== 'structure') throw new Error('the model has no SubscribeToShardEvent');
  return event.shape;
}
