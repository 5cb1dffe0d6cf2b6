/**
 * Why a stream processor was not made, started, changed or deleted; the door translates it. `in-use`: its state forbids it, or the
 * name is taken by another one; `no-stream`: the video stream is gone, or another one has its name; `no-consent`: faces may not
 * be looked for on this stream; `not-for-kind`: it is of the other kind; `not-found`; `limit-exceeded`; `closing`.
 */
export type ProcessorErrorCode =
  | 'not-found'
  | 'in-use'
  | 'limit-exceeded'
  | 'no-stream'
  | 'no-consent'
  | 'not-for-kind'
  | 'closing';

export class ProcessorError extends Error {
  readonly code: ProcessorErrorCode;

  constructor(code: ProcessorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProcessorError';
    this.code = code;
  }
}
