import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import { formatFragmentNumber } from '../../../../../fragments/stream/fragment-number.ts';
import type { LivePart } from '../../../../../fragments/stream/live-window.ts';

export const NOON_MS = Date.UTC(2026, 0, 2, 12);

/** Facts of the fragment with this ordinal, two seconds long and in run 0 unless said otherwise. */
export function infoAt(ordinal: number, facts: Partial<FragmentInfo> = {}): FragmentInfo {
  const producerMs = facts.producerMs ?? NOON_MS + ordinal * 2000;
  return {
    number: formatFragmentNumber({ sequence: ordinal + 1, serverMs: NOON_MS + ordinal * 2000, random28: 5 }),
    ordinal,
    run: 0,
    startsRun: ordinal === 0,
    gapBefore: false,
    independent: true,
    serverMs: NOON_MS + ordinal * 2000,
    producerMs,
    initId: '00000000000000aa',
    timescale: 90_000,
    startTicks: ordinal * 180_000,
    durationTicks: 180_000,
    sizeBytes: 1000,
    ...facts,
  };
}

/** Parts of half a second; the first is independent. */
export function partsOf(count: number): LivePart[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    durationTicks: 45_000,
    independent: index === 0,
    buffers: [Buffer.from(`part ${index}`)],
    sizeBytes: 6,
  }));
}
