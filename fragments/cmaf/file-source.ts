import type { FileHandle } from 'node:fs/promises';
import type { RandomAccessSource } from './random-access.ts';

/** A file on disk, as `openMp4` reads it. Throws the file system's error. */
export function fileSource(handle: FileHandle, sizeBytes: number): RandomAccessSource {
  return {
    sizeBytes,
    async read(offsetBytes, lengthBytes) {
      const buffer = Buffer.allocUnsafeSlow(lengthBytes);
      const { bytesRead } = await handle.read(buffer, 0, lengthBytes, offsetBytes);
      return buffer.subarray(0, bytesRead);
    },
  };
}
