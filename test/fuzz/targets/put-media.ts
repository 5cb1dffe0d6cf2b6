import { DelimitedWriter } from '../../../fragments/stream/delimited-writer.ts';
import { FragmentDelivery } from '../../../fragments/stream/fragment-delivery.ts';
import type { FragmentLog } from '../../../fragments/stream/fragment-log.ts';
import { MemoryLiveWindow } from '../../../fragments/stream/memory-live-window.ts';
import { StreamNumbering } from '../../../fragments/stream/stream-numbering.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../fragments/stream/stream-settings.ts';
import { PutMediaCounters } from '../../../server/ingest/put-media/put-media-counters.ts';
import { PutMediaSession } from '../../../server/ingest/put-media/put-media-session.ts';
import { DEFAULT_PUT_MEDIA_SETTINGS } from '../../../server/ingest/put-media/put-media-settings.ts';
import type { ProducerFragments } from '../../../server/streams/producer-fragments.ts';
import type { OpenStream } from '../../../server/streams/stream-service.ts';
import { fragmentAt, producerDialogue, reorderedFragmentAt } from '../../fixtures/put-media/dialogues.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const END = { nextOrdinal: 0, nextRun: 0, lastSequence: 0 };
const counters = new PutMediaCounters();
/** A promise of its own each time, so that nothing is kept: callbacks do not run while inputs are fed. */
const never = () => new Promise<void>(() => {});
const log = { pendingBytes: 0, append: never } as unknown as FragmentLog;

/** A stream that keeps nothing but does all the work of one: the writer throws for what cannot be stored. */
function openFragments(): ProducerFragments {
  const window = new MemoryLiveWindow(DEFAULT_STREAM_SETTINGS, 0);
  const numbering = new StreamNumbering(END, 0, () => 7);
  const delivery = new FragmentDelivery({ log, window, numbering, onFragment: () => {} });
  const writer = new DelimitedWriter({ delivery, window, numbering, settings: DEFAULT_STREAM_SETTINGS });
  window.start();
  return {
    stream: { record: { retentionHours: 1 } } as OpenStream,
    pendingBytes: 0,
    get isOpen() {
      return writer.isOpen;
    },
    setTracks: (tracks, header) => writer.setTracks(tracks, header),
    mayBegin: () => true,
    beginFragment: (start, nowMs) => writer.beginFragment(start, nowMs),
    write: (sample, nowMs, producerMs) => writer.write(sample, nowMs, producerMs),
    addTags: (tags) => writer.addTags(tags),
    endFragment: (_nowMs, nextTicks) => void writer.endFragment(nextTicks),
    fail: () => {},
    end: () => {
      writer.endFragment();
      return never();
    },
  };
}

function short(timecodeMs: number) {
  return { timecodeMs, frames: fragmentAt(timecodeMs).frames.slice(0, 8) };
}

/** A whole session down to chunks: whatever comes, it says what is wrong and throws nothing. */
export const target: FuzzTarget = {
  name: 'put-media',
  seeds: () => [
    producerDialogue([short(0), short(2000)], {
      firstTags: { a: '1' },
      tagsBehind: new Map([[0, { b: '2' }]]),
    }),
    producerDialogue([reorderedFragmentAt(1_678_912_146_652)], { unknownBytes: 8, withEndTag: false }),
  ],
  run(input) {
    const session = new PutMediaSession({
      fragments: openFragments(),
      baseMs: 0,
      settings: DEFAULT_PUT_MEDIA_SETTINGS,
      counters: counters.of('fuzz'),
      send: (ack) => {
        if (ack.length >= 1024) throw new Error(`an acknowledgement of ${ack.length} bytes`);
      },
      nowMs: 0,
    });
    const bytes = Buffer.from(input);
    const half = bytes.length >> 1;
    session.push(bytes.subarray(0, half), 1);
    session.push(bytes.subarray(half), 2);
    session.tick(3);
    session.endOfBody(4);
    if (!session.isEnding) throw new Error('the session goes on after its end');
  },
  isTyped: () => false,
};
