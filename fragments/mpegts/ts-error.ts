/**
 * Why media cannot be written as MPEG-TS.
 *
 * - `unsupported-codec`: a codec that no player expects in a transport stream.
 * - `unsupported-config`: a codec that could be carried, in a form that could not.
 * - `no-tracks`: nothing to carry.
 */
export type TsErrorCode = 'unsupported-codec' | 'unsupported-config' | 'no-tracks';

/** Thrown by this folder for tracks that a transport stream cannot carry. */
export class TsError extends Error {
  readonly code: TsErrorCode;

  constructor(code: TsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TsError';
    this.code = code;
  }
}
