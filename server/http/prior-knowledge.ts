import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';

/** "A client that knows that a server supports HTTP/2 sends the connection preface", RFC 9113 §3.3, §3.4. */
const PREFACE = Buffer.from('PRI');

/**
 * Lets an unencrypted port speak HTTP/2 to clients that begin with it (the AWS SDK's Kinesis client does), and HTTP/1 to all
 * others: the first bytes of a connection tell. `onLate` gets those that send none within `timeoutMs`. Answers the connections
 * that have not told yet, which neither server knows of.
 */
export function acceptPriorKnowledge(
  http1: Server,
  http2: Http2Server,
  timeoutMs: number,
  onLate: (socket: Socket) => void,
): ReadonlySet<Socket> {
  const undecided = new Set<Socket>();
  const takers = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    undecided.add(socket);
    const leave = () => undecided.delete(socket);
    const hangUp = () => socket.destroy();
    const late = () => onLate(socket);
    let held: Buffer = Buffer.alloc(0);
    const look = () => {
      const next = socket.read() as Buffer | null;
      if (next === null) return;
      held = held.length === 0 ? next : Buffer.concat([held, next]);
      const length = Math.min(held.length, PREFACE.length);
      const isLikely = held.subarray(0, length).equals(PREFACE.subarray(0, length));
      if (isLikely && length < PREFACE.length) return;
      socket.off('readable', look);
      socket.off('error', hangUp).off('end', hangUp).off('timeout', late).off('close', leave);
      socket.setTimeout(0);
      leave();
      socket.unshift(held);
      if (isLikely) {
        // Servers of HTTP/1 leave connections half open; one of HTTP/2 is over when its client has hung up.
        socket.allowHalfOpen = false;
        http2.emit('connection', socket);
      } else for (const take of takers) take.call(http1, socket);
    };
    socket.on('error', hangUp).on('end', hangUp).on('timeout', late).on('close', leave);
    socket.setTimeout(timeoutMs);
    socket.on('readable', look);
  });
  return undecided;
}
