import type { LogEvent } from '../../fragments/stream/log-options.ts';
import type { Logger } from './logger.ts';

/** How loud each kind of event of the log store is. Deletions are the daily business of retention. */
const LEVELS = {
  'torn-tail': 'warn',
  damaged: 'error',
  rebuilt: 'info',
  abandoned: 'error',
  'index-failed': 'warn',
  deleted: 'info',
  moved: 'info',
  'move-failed': 'error',
  'retention-failed': 'error',
} as const satisfies Record<LogEvent['type'], 'info' | 'warn' | 'error'>;

/** Writes a log line for an event of the log store. */
export function logStoreEvent(logger: Logger, event: LogEvent): void {
  const { type, ...facts } = event;
  logger[LEVELS[type]](facts, `log: ${type}`);
}
