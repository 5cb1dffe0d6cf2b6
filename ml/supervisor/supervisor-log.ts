/** Where the supervisor writes what an operator may want to read. A pino logger is one. */
export interface SupervisorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
