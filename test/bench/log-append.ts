/**
 * What the log alone costs: `node test/bench/log-append.ts [streams=40] [megabits=4] [seconds=20]`. Fragments of 2 s with 60
 * video samples and 94 audio samples each, buffers by reference as the writer passes them, to the real disk, as fast as
 * it takes them. Prints CPU-seconds per GB with everything on (checksums, index, grouped syncs).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogStore } from '../../fragments/stream/log-store.ts';
import { ChunkMaker } from '../unit/fragments/stream/support/log-rig.ts';

const streams = Number(process.argv[2] ?? 40);
const bytesPerFragment = (Number(process.argv[3] ?? 4) * 1e6 * 2) / 8;
const fragments = Math.ceil(Number(process.argv[4] ?? 20) / 2);
const SAMPLES = 154;

const directory = mkdtempSync(join(tmpdir(), 'framelog-append-'));
try {
  const store = new LogStore({ directory });
  const samples = Array.from({ length: SAMPLES }, (_, at) =>
    Buffer.alloc(Math.floor(bytesPerFragment / SAMPLES), at),
  );
  const publish = async (stream: string): Promise<void> => {
    const log = await store.open(stream);
    const maker = new ChunkMaker();
    for (let fragment = 0; fragment < fragments; fragment++) {
      for (const chunk of maker.fragment())
        await log.append({ ...chunk, buffers: [...chunk.buffers, ...samples] });
    }
  };
  const before = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: streams }, (_, at) => publish(`cam-${at}`)));
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  const gigabytes = (streams * fragments * bytesPerFragment) / 1e9;
  console.log(
    `${gigabytes.toFixed(2)} GB from ${streams} streams in ${seconds.toFixed(1)} s: ` +
      `${((user + system) / 1e6 / gigabytes).toFixed(2)} CPU-s per GB (user ${(user / 1e6 / gigabytes).toFixed(2)}), ` +
      `${store.stats().syncRounds} sync rounds, memory ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
  );
  await store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
