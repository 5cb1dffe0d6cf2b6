import type { WriterCounters } from '../../fragments/stream/stream-writer.ts';

/** What all sessions together did not take as it came: those that ended, and those that go on. */
export class WriterTotals {
  #ended: WriterCounters = {
    nudged: 0,
    jumps: 0,
    realigned: 0,
    madeUp: 0,
    silences: 0,
    overflows: 0,
    late: 0,
    droppedBeforeKey: 0,
    unknownTrack: 0,
    configChanges: 0,
    lostFragments: 0,
  };

  /** A session ended, with these counts. */
  add(counters: WriterCounters): void {
    this.#ended = sum(this.#ended, counters);
  }

  /** The totals, with the counts of the sessions that go on: they never fall. */
  with(running: Iterable<WriterCounters>): WriterCounters {
    let total = this.#ended;
    for (const counters of running) total = sum(total, counters);
    return total;
  }
}

function sum(a: WriterCounters, b: WriterCounters): WriterCounters {
  return {
    nudged: a.nudged + b.nudged,
    jumps: a.jumps + b.jumps,
    realigned: a.realigned + b.realigned,
    madeUp: a.madeUp + b.madeUp,
    silences: a.silences + b.silences,
    overflows: a.overflows + b.overflows,
    late: a.late + b.late,
    droppedBeforeKey: a.droppedBeforeKey + b.droppedBeforeKey,
    unknownTrack: a.unknownTrack + b.unknownTrack,
    configChanges: a.configChanges + b.configChanges,
    lostFragments: a.lostFragments + b.lostFragments,
  };
}
