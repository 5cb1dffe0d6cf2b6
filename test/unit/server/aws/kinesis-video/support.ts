import pino from 'pino';
import type { ReadSource } from '../../../../../fragments/stream/stream-reader.ts';
import type { Principal } from '../../../../../server/access/access.ts';
import { type AwsCall, AwsError } from '../../../../../server/aws/aws-call.ts';
import type { VideoResources, VideoStream } from '../../../../../server/aws/kinesis-video/video-resources.ts';
import type { OpenStream } from '../../../../../server/streams/stream-service.ts';

export const ADMIN: Principal = { kind: 'open', id: 'test', may: () => true };

export const VIDEO_STREAM: VideoStream = {
  name: 'gate',
  arn: 'arn:aws:kinesisvideo:us-east-1:000000000000:stream/gate/1700000000000',
  retentionHours: 24,
};

/** One stream over a log and a window, as media operations see it. */
export class OneStream implements VideoResources {
  video: VideoStream = VIDEO_STREAM;
  isThere = true;
  viewers = 0;
  readonly #source: ReadSource;

  constructor(source: ReadSource) {
    this.#source = source;
  }

  find(): VideoStream {
    if (!this.isThere) throw new AwsError('ResourceNotFoundException', 'no such stream');
    return this.video;
  }

  async open(): Promise<{ readonly video: VideoStream; readonly stream: OpenStream }> {
    const { log, window } = this.#source;
    const countViewer = () => {
      this.viewers++;
    };
    return { video: this.find(), stream: { log, window, countViewer } as unknown as OpenStream };
  }
}

/** A call as the frame makes it. */
export function callOf<Input>(input: Input, changes: Partial<AwsCall<Input>> = {}): AwsCall<never> {
  const call: AwsCall<Input> = {
    operation: 'Test',
    input,
    principal: ADMIN,
    requestId: 'request-1',
    nowMs: Date.now(),
    signal: new AbortController().signal,
    logger: pino({ level: 'silent' }),
    ...changes,
  };
  return call as unknown as AwsCall<never>;
}

/** Assertion about an AwsError. */
export function awsError(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof AwsError && error.code === code && message.test(error.message);
}
