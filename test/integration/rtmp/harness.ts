import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { RtmpServer } from '../../../server/ingest/rtmp/rtmp-server.ts';
import { DEFAULT_RTMP_SETTINGS, type RtmpSettings } from '../../../server/ingest/rtmp/rtmp-settings.ts';
import { FakeAccess, FakeStreams, MemoryLog } from './fake-streams.ts';

export interface Harness {
  readonly server: RtmpServer;
  readonly streams: FakeStreams;
  readonly access: FakeAccess;
  readonly log: MemoryLog;
  readonly port: number;
  /** `rtmp://127.0.0.1:PORT`. */
  readonly url: string;
  /** The server's clock, in ms: moves when a test moves it. */
  clockMs: number;
}

/** A real RTMP server on a free port with streams in memory, closed when the test ends. */
export async function startHarness(
  t: Pick<TestContext, 'after'>,
  options: { readonly open?: boolean; readonly settings?: Partial<RtmpSettings> } = {},
): Promise<Harness> {
  const streams = new FakeStreams();
  const access = new FakeAccess({ open: options.open ?? true });
  const log = new MemoryLog();
  const server = new RtmpServer({
    streams: streams.service,
    access,
    logger: log.logger,
    settings: { ...DEFAULT_RTMP_SETTINGS, ...options.settings },
    now: () => harness.clockMs,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  const harness: Harness = {
    server,
    streams,
    access,
    log,
    port,
    url: `rtmp://127.0.0.1:${port}`,
    clockMs: 1_800_000_000_000,
  };
  return harness;
}

/** A bare socket to the server. */
export async function openSocket(harness: Harness): Promise<Socket> {
  const socket = connect(harness.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the server has closed the socket, in good order or not. */
export async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Resolves when the condition holds; looks again each time the event loop comes round. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
