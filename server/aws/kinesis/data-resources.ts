import type { Principal } from '../../access/access.ts';
import type { ConsumerInfo, DataStreamInfo, RecordService } from '../../records/record-service.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';
import { mayStream, type StreamWish } from '../stream-rights.ts';
import { parseArn } from './stream-arn.ts';

/** A stream as requests name it: by name or ARN; when by both, they must agree. */
export interface StreamReference {
  readonly StreamName?: string;
  readonly StreamARN?: string;
}

/** Throws AwsError `AccessDeniedException`. */
export function requireData(principal: Principal, wish: StreamWish, name: string): void {
  if (mayStream(principal, wish, name)) return;
  throw new AwsError('AccessDeniedException', `The access key may not ${wish} ${name}.`);
}

/** Finds what requests name. */
export class DataResources {
  readonly #records: RecordService;
  readonly #account: AwsAccount;

  constructor(records: RecordService, account: AwsAccount) {
    this.#records = records;
    this.#account = account;
  }

  /**
   * The name that a request means. Throws AwsError `InvalidArgumentException`, `AccessDeniedException`: whoever may not is told nothing
   * of what there is.
   */
  nameOf({ StreamName, StreamARN }: StreamReference, wish: StreamWish, principal: Principal): string {
    const ofArn = StreamARN === undefined ? undefined : parseArn(this.#account, StreamARN).stream;
    const name = StreamName ?? ofArn;
    if (name === undefined) {
      throw new AwsError('InvalidArgumentException', 'Either StreamName or StreamARN must be specified.');
    }
    if (ofArn !== undefined && ofArn !== name) {
      throw new AwsError('InvalidArgumentException', `StreamARN and StreamName are of different streams.`);
    }
    requireData(principal, wish, name);
    return name;
  }

  /** As `nameOf`, and `ResourceNotFoundException`. */
  find(reference: StreamReference, wish: StreamWish, principal: Principal): DataStreamInfo {
    return this.stream(this.nameOf(reference, wish, principal));
  }

  stream(name: string): DataStreamInfo {
    return this.#records.stream(name) ?? this.#notFound(`Stream ${name}`);
  }

  /** The consumer of an ARN, or of a stream's ARN and a name. */
  consumer(
    reference: { readonly ConsumerARN?: string; readonly StreamARN?: string; readonly ConsumerName?: string },
    wish: StreamWish,
    principal: Principal,
  ): ConsumerInfo {
    const { ConsumerARN, StreamARN, ConsumerName } = reference;
    const arn = ConsumerARN ?? StreamARN;
    if (arn === undefined || (ConsumerARN === undefined && ConsumerName === undefined)) {
      throw new AwsError(
        'InvalidArgumentException',
        'Either ConsumerARN or StreamARN together with ConsumerName must be specified.',
      );
    }
    const parsed = parseArn(this.#account, arn);
    requireData(principal, wish, parsed.stream);
    this.stream(parsed.stream);
    const name = parsed.consumer?.name ?? ConsumerName ?? '';
    const info = this.#records.consumer(parsed.stream, name);
    const isAnother =
      info !== undefined &&
      parsed.consumer !== undefined &&
      Math.floor(info.createdMs / 1000) !== parsed.consumer.createdS;
    if (info === undefined || isAnother) {
      return this.#notFound(`Consumer ${name} of stream ${parsed.stream}`);
    }
    return info;
  }

  #notFound(what: string): never {
    throw new AwsError(
      'ResourceNotFoundException',
      `${what} under account ${this.#account.accountId} not found.`,
    );
  }
}
