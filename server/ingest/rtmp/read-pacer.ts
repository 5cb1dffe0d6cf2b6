import type { Socket } from 'node:net';

/** Node's own reading switch of a socket; what `net.Socket` calls itself. Not public, hence checked for. */
interface ReadingHandle {
  readStart(): number;
  readStop(): number;
}

/** With fewer publishers than this nothing is paced: there is nothing to save. */
const MIN_PUBLISHERS = 8;
/** Added to the time between two looks for each publisher, ... */
const MS_PER_PUBLISHER = 1;
/** ... up to this: what a frame may wait at most. Small beside the shortest part (200 ms). */
const MAX_PAUSE_MS = 40;

/**
 * Reads many publishers together instead of each frame for itself. A camera sends 30 to 80 messages a second; taking each as
 * it comes costs a wake-up, a read, a buffer and a turn of the event loop. With many cameras their sockets rest in the kernel
 * for some milliseconds and are then all read in one turn: the same bytes in a third of the reads.
 *
 * `socket.pause()` cannot do this: it goes on reading until its buffer is full. Where a socket has no reading switch
 * (TLS), or a Node without it comes, sockets are simply read as they come.
 */
export class ReadPacer {
  readonly #handles = new Map<Socket, ReadingHandle>();
  #timer: NodeJS.Timeout | undefined;
  #isResting = false;

  /** Paces a socket from now on. */
  add(socket: Socket): void {
    const handle = readingHandleOf(socket);
    if (handle === undefined) return;
    this.#handles.set(socket, handle);
    socket.once('close', () => this.#handles.delete(socket));
    this.#timer ??= this.#rest();
  }

  /** The socket is read as it comes again. */
  remove(socket: Socket): void {
    const handle = this.#handles.get(socket);
    if (!this.#handles.delete(socket) || handle === undefined || socket.destroyed) return;
    if (this.#isResting) handle.readStart();
  }

  #rest(): NodeJS.Timeout | undefined {
    const publishers = this.#handles.size;
    if (publishers === 0) return undefined;
    const isPaced = publishers >= MIN_PUBLISHERS;
    if (isPaced) {
      this.#isResting = true;
      for (const handle of this.#handles.values()) handle.readStop();
    }
    const pauseMs = isPaced ? Math.min(MAX_PAUSE_MS, publishers * MS_PER_PUBLISHER) : MAX_PAUSE_MS;
    return setTimeout(() => this.#read(isPaced), pauseMs).unref();
  }

  #read(wasPaced: boolean): void {
    if (wasPaced) {
      this.#isResting = false;
      for (const handle of this.#handles.values()) handle.readStart();
    }
    // The event loop reads all of them next, then comes here.
    setImmediate(() => {
      this.#timer = this.#rest();
    });
  }
}

function readingHandleOf(socket: Socket): ReadingHandle | undefined {
  if ('encrypted' in socket) return undefined;
  const { _handle: handle } = socket as { _handle?: Partial<ReadingHandle> | null };
  if (typeof handle?.readStart !== 'function' || typeof handle.readStop !== 'function') return undefined;
  return handle as ReadingHandle;
}
