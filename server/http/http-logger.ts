import type { BaseLogger } from 'pino';

/** What the HTTP side needs of the server's logger. */
export type HttpLogger = Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>;
