/** What ended an upload. Names of the service's own errors are passed on as they came. */
export interface PutMediaErrorDetails {
  /** Of an ERROR acknowledgement (kvs.md §2.4), e.g. 4002. */
  readonly errorId?: number;
  /** Of an HTTP reply. */
  readonly statusCode?: number;
  readonly fragmentTimecodeMs?: number;
  readonly fragmentNumber?: string;
  /** Would the same bytes be taken by a new session? */
  readonly isRetryable: boolean;
}

/**
 * Thrown by putMedia. `code`: the service's ErrorCode or exception name (`MAX_FRAGMENT_DURATION_REACHED`,
 * `ResourceNotFoundException`), or one of ours: `Disconnected`, `AckTimeout`, `UnacknowledgedFragments`, `BadReply`,
 * `BadMedia`.
 */
export class PutMediaError extends Error implements PutMediaErrorDetails {
  readonly code: string;
  readonly errorId?: number;
  readonly statusCode?: number;
  readonly fragmentTimecodeMs?: number;
  readonly fragmentNumber?: string;
  readonly isRetryable: boolean;

  constructor(code: string, message: string, details: PutMediaErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PutMediaError';
    this.code = code;
    this.isRetryable = details.isRetryable;
    if (details.errorId !== undefined) this.errorId = details.errorId;
    if (details.statusCode !== undefined) this.statusCode = details.statusCode;
    if (details.fragmentTimecodeMs !== undefined) this.fragmentTimecodeMs = details.fragmentTimecodeMs;
    if (details.fragmentNumber !== undefined) this.fragmentNumber = details.fragmentNumber;
  }
}
