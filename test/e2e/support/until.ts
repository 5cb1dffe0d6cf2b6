import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `probe` answers something other than `undefined` or `false`; fails with `what` after `limitMs`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 30_000,
): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadlineMs)
      throw new Error(`waited ${limitMs} ms for ${what}`, { cause: lastError });
    await delay(25);
  }
}
