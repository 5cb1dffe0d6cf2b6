/** Something could not be delivered. `isFinal`: it would not be the next time either. */
export class DeliveryError extends Error {
  readonly isFinal: boolean;
  /** Of the answer, when there was one. */
  readonly status: number | undefined;
  /** The receiver asks not to be tried again before so long. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: ErrorOptions & {
      readonly isFinal?: boolean;
      readonly status?: number;
      readonly retryAfterMs?: number | undefined;
    } = {},
  ) {
    super(message, options);
    this.name = 'DeliveryError';
    this.isFinal = options.isFinal ?? false;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}
