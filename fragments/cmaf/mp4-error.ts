/**
 * Why ISO BMFF bytes were refused.
 *
 * - `truncated`: a box, table or sample reaches past the bytes that hold it.
 * - `box-size-zero`: size 0 ("to the end of the file") where boxes must end.
 * - `box-too-small`: a size under the box's own header.
 * - `box-too-large`: a size over the configured maximum.
 * - `limit-exceeded`: more boxes, samples or bytes than a reader is ready to take.
 * - `missing-box`: a box that the format requires is not there.
 * - `invalid`: fields that contradict each other or the format.
 * - `unsupported`: valid, but a form that Framelog does not read or write.
 */
export type Mp4ErrorCode =
  | 'truncated'
  | 'box-size-zero'
  | 'box-too-small'
  | 'box-too-large'
  | 'limit-exceeded'
  | 'missing-box'
  | 'invalid'
  | 'unsupported';

/** Thrown by everything in this folder for bytes it cannot read, or media it cannot write. */
export class Mp4Error extends Error {
  readonly code: Mp4ErrorCode;

  constructor(code: Mp4ErrorCode, message: string) {
    super(message);
    this.name = 'Mp4Error';
    this.code = code;
  }
}
