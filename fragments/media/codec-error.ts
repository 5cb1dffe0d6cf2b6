/** Why a decoder configuration or a coded header could not be read. */
export type CodecErrorCode = 'truncated' | 'unsupported' | 'invalid';

/** Thrown by the codec parsers for bytes that do not say what the codec's specification asks for. */
export class CodecError extends Error {
  readonly code: CodecErrorCode;

  constructor(code: CodecErrorCode, message: string) {
    super(message);
    this.name = 'CodecError';
    this.code = code;
  }
}
