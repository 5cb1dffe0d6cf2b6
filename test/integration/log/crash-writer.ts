/**
 * Writes fragments to many streams until it is killed, and prints a line for each one that is acknowledged:
 * `node crash-writer.ts DIRECTORY STREAMS`. Started by crash-rounds.ts.
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { LogStore } from '../../../fragments/stream/log-store.ts';
import { ChunkMaker, makeInit } from '../../unit/fragments/stream/support/log-rig.ts';

const [directory = '', streams = '1'] = process.argv.slice(2);
const store = new LogStore({
  directory,
  syncIntervalMs: 20,
  fileMaxMs: 20_000,
  fileMaxBytes: 400_000,
  retentionOf: () => ({ maxAgeMs: null, maxBytes: 1_000_000 }),
  retentionIntervalMs: 50,
  onEvent: (event) => writeSync(1, `${JSON.stringify({ event })}\n`),
});
store.start();

/** One camera in a hurry: fragments of a few sizes, some in several chunks, some with another decoder configuration. */
async function publish(stream: string): Promise<never> {
  const log = await store.open(stream);
  const last = await log.find({ by: 'ordinal', ordinal: log.end.nextOrdinal - 1 });
  const maker = new ChunkMaker(last === undefined ? undefined : last.serverMs + 2000);
  maker.nextOrdinal = log.end.nextOrdinal;
  maker.run = log.end.nextRun;
  maker.sequence = Math.ceil((log.end.lastSequence + 1) / 1000) * 1000;
  for (;;) {
    maker.payloadBytes = 100 + ((maker.nextOrdinal * 977) % 30_000);
    if (maker.nextOrdinal % 25 === 0) maker.init = makeInit(maker.nextOrdinal & 1);
    const chunks = maker.fragment(1 + (maker.nextOrdinal % 3));
    await Promise.all(chunks.map((chunk) => log.append(chunk)));
    const { fragment } = chunks.at(-1) ?? { fragment: { ordinal: -1, number: '' } };
    // straight to the pipe: what is acknowledged must be known even when the next instruction is the last
    writeSync(1, `${JSON.stringify({ stream, ordinal: fragment.ordinal, number: fragment.number })}\n`);
    await setImmediate();
  }
}

await Promise.all(Array.from({ length: Number(streams) }, (_, at) => publish(`cam-${at}`)));
