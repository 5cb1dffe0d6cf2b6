/**
 * Why no clip can be made. `no-media`: nothing is recorded in the range. `unsupported-media`: no track that a clip can hold.
 * `codec-data-missing`, `codec-data-invalid`: the producer's codec private data is not there, or cannot be read.
 * `codec-changed`: a decoder configuration changes inside the range. `bad-frame`: media that its codec cannot read.
 */
export type ClipErrorCode =
  | 'no-media'
  | 'unsupported-media'
  | 'codec-data-missing'
  | 'codec-data-invalid'
  | 'codec-changed'
  | 'bad-frame';

export class ClipError extends Error {
  readonly code: ClipErrorCode;

  constructor(code: ClipErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClipError';
    this.code = code;
  }
}
