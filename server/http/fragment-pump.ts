import type { ServerResponse } from 'node:http';
import type { FragmentBytes } from '../../fragments/stream/fragment-log.ts';
import type { ByteRange } from './byte-range.ts';
import type { ReadBuffers } from './read-buffers.ts';

/** Bytes that are read as they are sent: a stored fragment, or a file made of many. */
export type StoredBody = Pick<FragmentBytes, 'sizeBytes' | 'read' | 'close'>;

/**
 * Sends a range of a stored fragment in pooled reads, one piece at a time: the next piece is read when the socket has
 * taken the last one, so a viewer never holds more than one buffer. `begin` writes the headers; it is called after the
 * first read, so that bytes which cannot be read are still a proper error. `onWait` is called when the socket does not
 * take a piece at once.
 *
 * @throws LogReadError of `source.read`; when `begin` was called before, the response is destroyed.
 */
export async function pumpFragment(
  source: Pick<StoredBody, 'read'>,
  range: ByteRange,
  buffers: ReadBuffers,
  response: ServerResponse,
  begin: () => void,
  onWait: () => void,
): Promise<void> {
  const buffer = buffers.take();
  let reusable = true;
  try {
    let offsetBytes = range.startBytes;
    while (offsetBytes < range.endBytes) {
      const lengthBytes = Math.min(buffer.length, range.endBytes - offsetBytes);
      await source.read(buffer, offsetBytes, lengthBytes);
      if (offsetBytes === range.startBytes) begin();
      offsetBytes += lengthBytes;
      const isLast = offsetBytes === range.endBytes;
      reusable = await writeOut(response, buffer.subarray(0, lengthBytes), isLast, onWait);
      if (!reusable) return;
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  } finally {
    if (reusable) buffers.give(buffer);
    else buffers.forget(buffer);
  }
}

/** Resolves true when the operating system has taken the bytes, false when the viewer went away. */
function writeOut(
  response: ServerResponse,
  piece: Buffer,
  isLast: boolean,
  onWait: () => void,
): Promise<boolean> {
  if (response.closed || response.destroyed || response.socket === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onClose = () => resolve(response.writableFinished);
    // A write that is cancelled before it reached its socket never calls back: `close` always comes.
    response.once('close', onClose);
    const onTaken = (error?: Error | null) => {
      response.off('close', onClose);
      resolve(error === undefined || error === null);
    };
    if (isLast) response.end(piece, onTaken);
    else response.write(piece, onTaken);
    if (response.writableLength > 0) onWait();
  });
}
