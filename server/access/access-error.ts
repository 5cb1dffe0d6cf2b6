export type AccessErrorCode = 'bad-preset-key';

/** The operator's access settings are not usable; the message tells what to do. */
export class AccessError extends Error {
  readonly code: AccessErrorCode;

  constructor(code: AccessErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AccessError';
    this.code = code;
  }
}
