const joinedBytes = new WeakMap<object, Buffer>();

/**
 * The bytes of a live part or fragment in one piece, joined when first asked for and shared by all who ask after that.
 * Handing the socket one buffer costs a third of handing it the hundreds of samples (test/bench/viewers.ts), so the one
 * copy is paid back by the first viewer already. It lives as long as its owner, a window's fragment or part.
 */
export function joined(owner: object, buffers: readonly Uint8Array[]): Buffer {
  let bytes = joinedBytes.get(owner);
  if (bytes === undefined) {
    bytes = Buffer.concat(buffers);
    joinedBytes.set(owner, bytes);
  }
  return bytes;
}
