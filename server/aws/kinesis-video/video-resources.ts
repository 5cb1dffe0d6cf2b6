import type { Principal } from '../../access/access.ts';
import type { OpenStream } from '../../streams/stream-service.ts';

/**
 * How every Kinesis Video operation finds what its request names and learns whether the caller may. The implementation
 * is the control plane's; media operations only use it.
 */

/** A stream as requests name it: exactly one of the two (kvs.md §1.1). */
export interface StreamReference {
  readonly StreamName?: string;
  readonly StreamARN?: string;
}

/**
 * What an operation wants of a stream; `admin` for what changes or deletes it. `describe`: what those who view and those who
 * publish both need before they begin.
 */
export type VideoWish = 'describe' | 'view' | 'publish' | 'admin';

/** How the model calls a missing right: it differs from operation to operation (kvs.md §1.1). */
export type DeniedCode = 'NotAuthorizedException' | 'AccessDeniedException';

/** A stream as the AWS wire knows it. */
export interface VideoStream {
  readonly name: string;
  readonly arn: string;
  /** Whole hours; 0: not archived. */
  readonly retentionHours: number;
}

export interface VideoResources {
  /**
   * Throws AwsError `InvalidArgumentException` (neither, both, or an ARN of another account or region), `ResourceNotFoundException`
   * (also for an ARN of an earlier stream of that name), and `denied`, by default `NotAuthorizedException`. A caller without the
   * right learns nothing of existence.
   */
  find(reference: StreamReference, wish: VideoWish, principal: Principal, denied?: DeniedCode): VideoStream;
  /** As `find`, and opens its log. */
  open(
    reference: StreamReference,
    wish: VideoWish,
    principal: Principal,
  ): Promise<{ readonly video: VideoStream; readonly stream: OpenStream }>;
}
