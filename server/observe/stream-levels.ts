import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from '../counters/labelled-streams.ts';
import type { OpenStream } from '../streams/stream-service.ts';

/** The numbers of each stream that are shown, by stream name. */
export interface StreamLevels {
  readonly bitrateBps: ReadonlyMap<string, number>;
  readonly videoFps: ReadonlyMap<string, number>;
  readonly viewers: ReadonlyMap<string, number>;
  readonly pendingBytes: ReadonlyMap<string, number>;
  readonly storedBytes: ReadonlyMap<string, number>;
  readonly live: number;
  readonly open: number;
}

/** Reads the levels of the open streams: nothing but memory is touched. */
export function readStreamLevels(streams: Iterable<OpenStream>, nowMs: number): StreamLevels {
  const levels = {
    bitrateBps: new Map<string, number>(),
    videoFps: new Map<string, number>(),
    viewers: new Map<string, number>(),
    pendingBytes: new Map<string, number>(),
    storedBytes: new Map<string, number>(),
  };
  let live = 0;
  let open = 0;
  for (const stream of streams) {
    const label = ++open > MAX_LABELLED_STREAMS ? OTHER_STREAMS : stream.record.name;
    const state = stream.live(nowMs);
    if (state.publisher !== undefined) live++;
    add(levels.bitrateBps, label, state.bitrateBps);
    add(levels.videoFps, label, state.videoFps);
    add(levels.viewers, label, state.viewers);
    add(levels.pendingBytes, label, stream.log.pendingBytes);
    add(levels.storedBytes, label, stream.log.sizeBytes);
  }
  return { ...levels, live, open };
}

function add(totals: Map<string, number>, label: string, value: number): void {
  totals.set(label, (totals.get(label) ?? 0) + value);
}
