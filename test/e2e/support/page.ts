import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import type { ServerProcess } from './server.ts';

/** What the page tells of its player (`window.framelog`, server/web/page/main.js). */
export interface ShownState {
  readonly mode: string;
  readonly status: string;
  readonly isPlaying: boolean;
  /** Wall clock of the frame on the screen, epoch ms. */
  readonly shownMs: number | undefined;
  readonly latencyMs: number | undefined;
  readonly stalls: number;
  readonly replayStartMs: number | undefined;
}

/** Opens the product's page on a stream; errors of the page fail the caller when it asks for them. */
export async function openPage(browser: Browser, server: ServerProcess, stream: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${server.httpUrl}/#stream=${stream}`);
  return page;
}

/** Reads what the player measures now. */
export function shownState(page: Page): Promise<ShownState> {
  return page.evaluate(() => {
    const { mode, status, isPlaying, shownMs, latencyMs, stalls, replayStartMs } = (
      globalThis as unknown as { framelog: ShownState }
    ).framelog;
    return { mode, status, isPlaying, shownMs, latencyMs, stalls, replayStartMs };
  });
}

/**
 * Watches live playback: the latency of each half second (wall clock minus the date of the shown frame) once the player has
 * caught up, and the stalls over all of the time.
 */
export async function watch(
  page: Page,
  seconds: number,
): Promise<{ readonly latenciesMs: readonly number[]; readonly stalls: number }> {
  const latenciesMs: number[] = [];
  const stallsBefore = (await shownState(page)).stalls;
  // The player begins a GOP behind and plays faster until it is at its target.
  const settleRounds = Math.min(20, seconds);
  for (let round = 0; round < seconds * 2; round += 1) {
    await delay(500);
    const { shownMs } = await shownState(page);
    const nowMs = Date.now();
    if (round >= settleRounds && shownMs !== undefined) latenciesMs.push(nowMs - shownMs);
  }
  return { latenciesMs, stalls: (await shownState(page)).stalls - stallsBefore };
}
