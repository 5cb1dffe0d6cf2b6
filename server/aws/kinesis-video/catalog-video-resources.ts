import type { Principal } from '../../access/access.ts';
import type { StreamRecord } from '../../catalog/catalog.ts';
import { type OpenStream, StreamError, type StreamService } from '../../streams/stream-service.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';
import { formatVideoArn, parseVideoArn } from './resource-arn.ts';
import type {
  DeniedCode,
  StreamReference,
  VideoResources,
  VideoStream,
  VideoWish,
} from './video-resources.ts';
import { requireVideo } from './video-rights.ts';

/** KVS: "The maximum value is 87600 hours"; what streams without a bound of their own show. */
export const MAX_RETENTION_HOURS = 87_600;

/** A stream with what the catalog has of it. */
export interface KnownStream extends VideoStream {
  readonly record: StreamRecord;
}

/** The streams of this server under their AWS names. */
export class CatalogVideoResources implements VideoResources {
  readonly #streams: Pick<StreamService, 'record' | 'open'>;
  readonly #account: Pick<AwsAccount, 'region' | 'accountId'>;

  constructor(
    streams: Pick<StreamService, 'record' | 'open'>,
    account: Pick<AwsAccount, 'region' | 'accountId'>,
  ) {
    this.#streams = streams;
    this.#account = account;
  }

  find(
    reference: StreamReference,
    wish: VideoWish,
    principal: Principal,
    denied: DeniedCode = 'NotAuthorizedException',
  ): KnownStream {
    const { name, createdMs } = this.#parse(reference);
    requireVideo(principal, wish, name, denied);
    const record = this.#streams.record(name);
    if (record === undefined || (createdMs !== undefined && createdMs !== record.createdMs)) {
      throw notFound(reference);
    }
    return this.streamOf(record);
  }

  async open(
    reference: StreamReference,
    wish: VideoWish,
    principal: Principal,
  ): Promise<{ readonly video: VideoStream; readonly stream: OpenStream }> {
    const video = this.find(reference, wish, principal);
    try {
      return { video, stream: await this.#streams.open(video.name) };
    } catch (error) {
      // It was deleted meanwhile.
      if (error instanceof StreamError && error.code === 'not-found') throw notFound(reference);
      throw error;
    }
  }

  /** A record of the catalog as the wire knows it. */
  streamOf(record: StreamRecord): KnownStream {
    const { name, createdMs, retentionHours } = record;
    return {
      name,
      arn: formatVideoArn({ kind: 'stream', name, createdMs }, this.#account),
      retentionHours: Math.min(MAX_RETENTION_HOURS, Math.ceil(retentionHours ?? MAX_RETENTION_HOURS)),
      record,
    };
  }

  #parse({ StreamName, StreamARN }: StreamReference): { name: string; createdMs?: number } {
    if ((StreamName === undefined) === (StreamARN === undefined)) {
      throw new AwsError('InvalidArgumentException', 'Give either StreamName or StreamARN.');
    }
    return StreamARN === undefined
      ? { name: StreamName ?? '' }
      : parseVideoArn(StreamARN, ['stream'], this.#account);
  }
}

function notFound({ StreamName, StreamARN }: StreamReference): AwsError {
  return new AwsError('ResourceNotFoundException', `There is no stream ${StreamARN ?? StreamName}.`);
}
