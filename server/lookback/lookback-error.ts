/** Why a job was not taken, or cannot be changed. The doors translate these. */
export type LookbackErrorCode =
  | 'not-found'
  | 'no-stream'
  | 'no-media'
  | 'invalid'
  | 'too-many'
  | 'wrong-state'
  | 'closing';

export class LookbackError extends Error {
  readonly code: LookbackErrorCode;

  constructor(code: LookbackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LookbackError';
    this.code = code;
  }
}
