import type { Socket } from 'node:net';

/** Replies are small: one copied buffer costs less than a vector of little ones. */
const MAX_JOINED_BYTES = 4096;

/** Writes a message's pieces with one system call: joined when they are small, by reference when they carry media. */
export function writePieces(socket: Socket, pieces: readonly Uint8Array[]): void {
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (sizeBytes <= MAX_JOINED_BYTES) {
    socket.write(Buffer.concat(pieces, sizeBytes));
    return;
  }
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
