import type { IncomingMessage, ServerResponse } from 'node:http';
import { PutMediaConnection } from '../../ingest/put-media/put-media-connection.ts';
import type { PutMediaCounters } from '../../ingest/put-media/put-media-counters.ts';
import { PutMediaSession } from '../../ingest/put-media/put-media-session.ts';
import type { PutMediaSettings } from '../../ingest/put-media/put-media-settings.ts';
import { parseStartTimestamp } from '../../ingest/put-media/start-timestamp.ts';
import type { FragmentStreams, ProducerFragments } from '../../streams/producer-fragments.ts';
import { StreamError, type StreamErrorCode } from '../../streams/stream-service.ts';
import type { AwsCall, AwsService } from '../aws-call.ts';
import { AwsError } from '../aws-call.ts';
import { serviceOf } from '../operation-table.ts';
import type { StreamReference, VideoResources } from './video-resources.ts';

/** What PutMedia works on. */
export interface PutMediaParts {
  readonly streams: FragmentStreams;
  readonly resources: Pick<VideoResources, 'find'>;
  readonly settings: PutMediaSettings;
  readonly counters: PutMediaCounters;
  /** A stream that does not exist is made when it is named (streams.autoCreate). */
  readonly autoCreate: boolean;
  /** Epoch ms. */
  readonly now: () => number;
  /** The server closes: sessions end. */
  readonly closing: AbortSignal;
}

/** The headers of PutMedia (kvs.md §2.1), checked. */
interface PutMediaInput extends StreamReference {
  readonly FragmentTimecodeType: 'ABSOLUTE' | 'RELATIVE';
  readonly ProducerStartTimestamp?: string;
}

/** PutMedia (kvs.md §2): fragments come in for as long as the producer wants, in a request that is answered while it comes. */
export function createPutMediaService(parts: PutMediaParts): AwsService {
  return serviceOf('kinesis-video-put-media', {
    streamHandlers: {
      PutMedia: (call: AwsCall<PutMediaInput>, request, response) => putMedia(parts, call, request, response),
    },
  });
}

async function putMedia(
  parts: PutMediaParts,
  call: AwsCall<PutMediaInput>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { now, closing, settings } = parts;
  const { principal } = call;
  const baseMs = baseOf(call.input);
  const stream = streamOf(parts, call);
  const logger = call.logger.child({ stream });
  const connection = new PutMediaConnection({
    request,
    response,
    now,
    closing,
    isExpired: (nowMs) => principal.isOver?.(nowMs) ?? false,
    onCrash: (err) => logger.error({ err }, 'PutMedia failed'),
  });
  const fragments = await publish(parts, stream, request, connection);
  const counters = parts.counters.of(stream);
  const session = new PutMediaSession({
    fragments,
    baseMs,
    settings,
    counters,
    send: (ack) => connection.send(ack),
    onError: (code, message) => logger.warn({ code, reason: message }, 'PutMedia session ends with an error'),
    nowMs: now(),
  });
  const unfollow = fragments.stream.onFragment((event) => {
    connection.step((to, nowMs) => to.follow(event, nowMs));
  });
  counters.activeConnections++;
  logger.info({ principal: principal.id }, 'PutMedia session begins');
  try {
    await connection.carry(session);
  } finally {
    unfollow();
    counters.activeConnections--;
    logger.info('PutMedia session is over');
  }
}

/** Epoch ms of timecode 0. */
function baseOf({ FragmentTimecodeType, ProducerStartTimestamp }: PutMediaInput): number {
  const startMs = ProducerStartTimestamp === undefined ? 0 : parseStartTimestamp(ProducerStartTimestamp);
  if (startMs === undefined) {
    throw new AwsError('InvalidArgumentException', 'x-amzn-producer-start-timestamp is not a time.');
  }
  // The C producer sends a start time in both modes; ABSOLUTE timecodes need none.
  return FragmentTimecodeType === 'RELATIVE' ? startMs : 0;
}

/** The stream that is named and may be published; one that is only a name yet when publishing makes streams. */
function streamOf(
  { resources, autoCreate }: PutMediaParts,
  { input, principal }: AwsCall<PutMediaInput>,
): string {
  try {
    return resources.find(input, 'publish', principal).name;
  } catch (error) {
    const isNew = error instanceof AwsError && error.code === 'ResourceNotFoundException' && autoCreate;
    if (isNew && input.StreamName !== undefined) return input.StreamName;
    throw error;
  }
}

async function publish(
  parts: PutMediaParts,
  stream: string,
  request: IncomingMessage,
  connection: PutMediaConnection,
): Promise<ProducerFragments> {
  const sinceMs = parts.now();
  const remoteAddress = request.socket.remoteAddress ?? '';
  try {
    return await parts.streams.publishFragments(
      {
        stream,
        publisher: { protocol: 'put-media', remoteAddress, sinceMs },
        onRevoked: (reason) => connection.step((session, nowMs) => session.revoke(reason, nowMs)),
        onTurn: () => connection.step((session, nowMs) => session.turn(nowMs)),
      },
      sinceMs,
    );
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    const code = REFUSALS[error.code];
    if (code !== undefined) throw new AwsError(code, error.message);
    throw new AwsError('ServiceUnavailableException', 'The server cannot take media now.', { status: 503 });
  }
}

/** What PutMedia calls the refusals of streams, in the words that it has (kvs.md §2.4). */
const REFUSALS: Readonly<Partial<Record<StreamErrorCode, string>>> = {
  'not-found': 'ResourceNotFoundException',
  'auto-create-off': 'ResourceNotFoundException',
  'invalid-name': 'InvalidArgumentException',
  'limit-exceeded': 'ClientLimitExceededException',
  busy: 'ConnectionLimitExceededException',
};
