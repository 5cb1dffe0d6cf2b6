/** The errors of the signaling protocol by their AWS names, with the HTTP status that goes with each (kvs.md §6.2). */
const STATUS = {
  InvalidArgumentException: 400,
  ClientLimitExceededException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
} as const;

export type SignalingErrorCode = keyof typeof STATUS;

/** A handshake or a message that is refused. */
export class SignalingError extends Error {
  readonly code: SignalingErrorCode;
  readonly status: number;
  /** Of the refused message, where it had one: only then does its sender get an answer. */
  readonly correlationId: string | undefined;

  constructor(code: SignalingErrorCode, message: string, correlationId?: string) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
    this.status = STATUS[code];
    this.correlationId = correlationId;
  }
}
