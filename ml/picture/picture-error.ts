/** `bad-media`: not a picture that can be read here; `too-large`: more pixels than are taken. */
export type PictureErrorCode = 'bad-media' | 'too-large';

/** A picture that cannot be looked at. */
export class PictureError extends Error {
  readonly code: PictureErrorCode;

  constructor(code: PictureErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PictureError';
    this.code = code;
  }
}
