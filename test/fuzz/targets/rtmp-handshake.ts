import { readFileSync } from 'node:fs';
import { ClientHandshake, ServerHandshake } from '../../../server/ingest/rtmp/handshake.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const HANDSHAKE_BYTES = 1 + 2 * 1536;
const captured = readFileSync(new URL('../../fixtures/rtmp/ffmpeg-5.1-alaw.bin', import.meta.url));

/** Both sides of the handshake, fed in two pieces: the last byte of the input says where the cut is. */
export const target: FuzzTarget = {
  name: 'rtmp-handshake',
  seeds: () => [
    captured.subarray(0, HANDSHAKE_BYTES + 20),
    Buffer.concat([new ClientHandshake().start(1), Buffer.alloc(1536)]),
    Buffer.concat([new ClientHandshake(1).start(1), Buffer.alloc(1536)]),
  ],
  run(input) {
    const bytes = Buffer.from(input);
    const cut = (bytes[bytes.length - 1] ?? 0) * 12;
    for (const side of [new ServerHandshake(), new ClientHandshake(0)]) {
      side.push(bytes.subarray(0, cut), 0);
      side.push(bytes.subarray(cut), 0);
    }
  },
  isTyped: (error) => error instanceof RtmpError,
};
