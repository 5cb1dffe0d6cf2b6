/** What a consumer met. */
export interface RecordConsumerErrorDetails {
  /** Of an HTTP answer. */
  readonly status?: number;
  /** Would the same call be taken later? */
  readonly isRetryable: boolean;
}

/**
 * Thrown by RecordConsumer. `code`: the server's (`not-found`, `forbidden`, `lease-lost`, `invalid-request`...), or one of ours:
 * `unreachable`, `bad-reply`, `handler-failed`.
 */
export class RecordConsumerError extends Error implements RecordConsumerErrorDetails {
  readonly code: string;
  readonly status?: number;
  readonly isRetryable: boolean;

  constructor(code: string, message: string, details: RecordConsumerErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RecordConsumerError';
    this.code = code;
    this.isRetryable = details.isRetryable;
    if (details.status !== undefined) this.status = details.status;
  }
}
