import pino, { type DestinationStream, type LevelWithSilent, type Logger } from 'pino';
import { prettyLine } from './pretty-line.ts';
import { redactUrl } from './redact.ts';

export type { Logger } from 'pino';

/** Log lines that a slow stderr may leave waiting; further ones are dropped, so that logging never stops a camera. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;

export interface LoggerOptions {
  readonly level: LevelWithSilent;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
}

/**
 * The server's logger: one line an event on stderr, so that stdout carries nothing but what a command answers. Secrets in
 * URLs are hidden in every line, whoever writes it. Errors are logged as `{ err }`.
 */
export function createLogger(options: LoggerOptions, destination: DestinationStream = openStderr()): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        streamWrite: (line) => {
          const safe = redactUrl(line);
          return options.pretty ? prettyLine(safe) : safe;
        },
      },
    },
    destination,
  );
}

/** What is left to write when the process exits is flushed by pino. */
function openStderr(): DestinationStream {
  return pino.destination({ dest: 2, sync: false, maxLength: MAX_WAITING_BYTES });
}
