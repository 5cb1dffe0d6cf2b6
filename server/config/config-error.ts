/** `unreadable`: the file cannot be opened; `not-json`: nor read; `invalid`: settings are unknown or out of range. */
export type ConfigErrorCode = 'unreadable' | 'not-json' | 'invalid';

/** The configuration cannot be used. The message has a line for each problem: where it is, and what is right. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly problems: readonly string[];

  constructor(code: ConfigErrorCode, problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.name = 'ConfigError';
    this.code = code;
    this.problems = problems;
  }
}
