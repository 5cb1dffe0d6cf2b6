import type { FragmentInfo } from '../../../../../fragments/stream/fragment.ts';
import { formatFragmentNumber } from '../../../../../fragments/stream/fragment-number.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';

/** A fragment of two seconds that goes on from the one before it. */
export function info(ordinal: number, of: Partial<FragmentInfo> = {}): FragmentInfo {
  const serverMs = of.serverMs ?? NOW_MS + ordinal * 2000;
  return {
    number: formatFragmentNumber({ sequence: ordinal + 1, serverMs, random28: 5 }),
    ordinal,
    run: 0,
    startsRun: ordinal === 0,
    gapBefore: false,
    independent: true,
    serverMs,
    producerMs: serverMs,
    initId: '0123456789abcdef',
    timescale: 1000,
    startTicks: ordinal * 2000,
    durationTicks: 2000,
    sizeBytes: 100_000,
    ...of,
  };
}
