/** What a peer did wrong, or what it asked for and cannot have. One code a kind, for counters and log lines. */
export type RtmpErrorCode =
  /** C0/S0 names a version other than 3: not RTMP, or encrypted RTMP. */
  | 'bad-version'
  /** A chunk header that the specification does not allow at this place. */
  | 'bad-chunk'
  /** Set Chunk Size of zero, or with the top bit set. */
  | 'bad-chunk-size'
  | 'too-many-chunk-streams'
  | 'message-too-long'
  /** Too many bytes in messages that were begun and not finished. */
  | 'too-much-partial-data'
  /** A protocol control, user control or aggregate message whose body is too short or contradictory. */
  | 'bad-message'
  /** AMF0 or AMF3 that cannot be read, or that is deeper or larger than allowed. */
  | 'bad-amf'
  /** A command without the arguments it needs, or out of order. */
  | 'bad-command'
  /** An audio or video tag that is cut short or contradicts itself. */
  | 'bad-tag'
  /** The peer said no: the message carries its words. */
  | 'refused'
  /** The peer did not get on with it, or stopped sending. */
  | 'timeout'
  /** The connection ended before it was asked to. */
  | 'closed'
  /** An RTMP URL that cannot be used. */
  | 'bad-url';

/** Every failure of this folder's parsers, sessions and sockets. Bad input never surfaces as any other error type. */
export class RtmpError extends Error {
  readonly code: RtmpErrorCode;

  constructor(code: RtmpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RtmpError';
    this.code = code;
  }
}
