import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A Ctrl-C reaches every process of the terminal's group, and npm and bin/framelog.js pass it on once more: what comes so
 * soon after the first signal is the same wish.
 */
const SAME_WISH_MS = 300;

/** Exit status of a process that was told twice to end: 128 + SIGINT, as shells have it. */
const IMPATIENT_STATUS = 130;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP. A second one, a moment later, ends the process at once with status 130.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (nowMs - firstMs > SAME_WISH_MS) process.exit(IMPATIENT_STATUS);
      controller.abort(signal);
    });
  }
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
