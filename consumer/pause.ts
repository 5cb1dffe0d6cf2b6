/** Resolves after a time, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** The pause after so many failures: doubled with each, and shortened by chance, so that clients do not come back all at once. */
export function backoffMs(
  failures: number,
  { backoffMs: first, maxBackoffMs }: { readonly backoffMs: number; readonly maxBackoffMs: number },
): number {
  const longestMs = Math.min(first * 2 ** (failures - 1), maxBackoffMs);
  return longestMs * (1 - Math.random() / 2);
}
