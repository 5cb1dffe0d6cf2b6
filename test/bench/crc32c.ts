/** MB per CPU-second of the log's checksum, beside zlib's CRC-32 (native): `node test/bench/crc32c.ts`. */
import { crc32 } from 'node:zlib';
import { crc32c } from '../../fragments/log/crc32c.ts';

const RUN_BYTES = 200_000_000;
const candidates: [string, (bytes: Uint8Array) => number][] = [
  ['crc32c (log)', (bytes) => crc32c(bytes)],
  ['zlib.crc32', (bytes) => crc32(bytes)],
];
for (const sizeBytes of [88, 200, 2000, 20_000, 500_000]) {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 2_654_435_761) >>> 7;
  const cells = candidates.map(([name, sum]) => {
    let best = 0;
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = process.cpuUsage();
      for (let done = 0; done < RUN_BYTES; done += sizeBytes) sum(bytes);
      const { user, system } = process.cpuUsage(before);
      best = Math.max(best, RUN_BYTES / (user + system));
    }
    return `${name} ${best.toFixed(0)} MB/CPU-s`;
  });
  console.log(`${String(sizeBytes).padStart(7)} bytes: ${cells.join('   ')}`);
}
