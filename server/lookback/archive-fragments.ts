import { type FragmentInfo, fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import type { FragmentLog } from '../../fragments/stream/fragment-log.ts';

const PAGE = 200;

/**
 * The stored fragments that show `[fromMs, toMs)` by the producer's clock, in the order in which they were recorded, from an
 * ordinal on. Pages: what retention deletes meanwhile is passed over. Throws LogReadError.
 */
export async function* archiveFragments(
  log: Pick<FragmentLog, 'startingIn' | 'find'>,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  fromOrdinal: number,
): AsyncGenerator<FragmentInfo, void, undefined> {
  // The one that began before and is still on.
  const covering = await log.find({ by: 'producerMs', atMs: fromMs });
  const isOn = covering !== undefined && covering.producerMs + fragmentDurationMs(covering) > fromMs;
  const startMs = isOn ? Math.min(covering.producerMs, fromMs) : fromMs;
  for (let ordinal = fromOrdinal; ; ) {
    const page = await log.startingIn('producer', { fromMs: startMs, toMs }, ordinal, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    ordinal = last.ordinal + 1;
  }
}
