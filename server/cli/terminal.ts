import process from 'node:process';

/** What a command talks to: the real process, or a test. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command was asked for. */
  out(text: string): void;
  /** What goes beside it: problems, progress, hints. */
  err(text: string): void;
  /** Somebody reads stderr as it comes: progress is shown. */
  readonly errIsTty: boolean;
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  // `framelog inspect FILE | head` closes the pipe early: that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    errIsTty: process.stderr.isTTY === true,
  };
}
