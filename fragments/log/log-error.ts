/** Typed errors of the append-only logs, shared by the video log and the data streams. */

/**
 * Why an entry was not made durable. `invalid`: it does not follow what is stored (wrong order, or an earlier chunk of
 * its fragment was lost).
 */
export type LogWriteErrorCode = 'disk-full' | 'io-error' | 'backlog-full' | 'closed' | 'fenced' | 'invalid';

/** An append failed: the entry is lost, and the writer must mark the next one `gapBefore`. */
export class LogWriteError extends Error {
  readonly code: LogWriteErrorCode;

  constructor(code: LogWriteErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogWriteError';
    this.code = code;
  }
}

/** Why stored bytes could not be had. `gone`: retention deleted them. `damaged`: checksum or structure is wrong. */
export type LogReadErrorCode = 'gone' | 'not-found' | 'damaged' | 'io-error';

/** A read failed; the message says what and where, for the log line. */
export class LogReadError extends Error {
  readonly code: LogReadErrorCode;

  constructor(code: LogReadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogReadError';
    this.code = code;
  }
}
