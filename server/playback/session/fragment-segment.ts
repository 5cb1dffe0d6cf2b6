import type { RandomAccessSource } from '../../../fragments/cmaf/random-access.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';
import type { LiveFragment } from '../../../fragments/stream/live-window.ts';
import type { OpenStream } from '../../streams/stream-service.ts';
import { joined } from '../hls/joined-bytes.ts';

/** A fragment's media segment, wherever it is; to be closed. */
export interface OpenSegment extends RandomAccessSource {
  /** All of it, where it is in memory. */
  readonly bytes: Buffer | undefined;
  /** Reads into the start of `target`. Throws LogReadError. */
  readInto(target: Uint8Array, offsetBytes: number, lengthBytes: number): Promise<void>;
  close(): void;
}

/** A complete fragment of the live window. */
export function liveFragment(
  { window }: Pick<OpenStream, 'window'>,
  info: FragmentInfo,
): LiveFragment | undefined {
  const fragment = window.byOrdinal(info.ordinal);
  return fragment?.isComplete && fragment.info.number === info.number ? fragment : undefined;
}

/** Opens a fragment's segment. Throws LogReadError. */
export async function openSegment(
  stream: Pick<OpenStream, 'log' | 'window'>,
  info: FragmentInfo,
): Promise<OpenSegment> {
  const live = liveFragment(stream, info);
  if (live !== undefined) return inMemory(joined(live, live.segment));
  const stored = await stream.log.open(info.ordinal);
  return {
    bytes: undefined,
    sizeBytes: stored.sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const bytes = Buffer.allocUnsafeSlow(lengthBytes);
      await stored.read(bytes, offsetBytes, lengthBytes);
      return bytes;
    },
    readInto: (target, offsetBytes, lengthBytes) => stored.read(target, offsetBytes, lengthBytes),
    close: () => stored.close(),
  };
}

function inMemory(bytes: Buffer): OpenSegment {
  const read = (offsetBytes: number, lengthBytes: number) =>
    bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
  return {
    bytes,
    sizeBytes: bytes.length,
    read: async (offsetBytes, lengthBytes) => read(offsetBytes, lengthBytes),
    readInto: async (target, offsetBytes, lengthBytes) => target.set(read(offsetBytes, lengthBytes)),
    close: () => {},
  };
}
