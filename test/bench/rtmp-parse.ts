/**
 * RTMP ingest, socket to sample: N publishers send as fast as the server takes it, in processes of their own, in turns:
 *
 * - framelog: the whole RTMP door, from the socket to samples that may be kept; the stream behind it keeps none
 * - nms, payload lent: the `Rtmp` class of node-media-server; its packets are valid until the next one overwrites them
 * - nms, payload kept: the same, with the copy that a recorder needs of such a packet
 *
 *   node test/bench/rtmp-parse.ts [megabytes=400] [publishers=4] [rounds=3]
 *
 * Prints the median MB per CPU second of each, and the peak memory.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { ChunkWriter } from '../../server/ingest/rtmp/chunk-writer.ts';
import { command } from '../../server/ingest/rtmp/commands.ts';
import { MessageType, setChunkSize } from '../../server/ingest/rtmp/messages.ts';
import { RtmpServer } from '../../server/ingest/rtmp/rtmp-server.ts';
import type { StreamService } from '../../server/streams/stream-service.ts';

const SELF = fileURLToPath(import.meta.url);
const AVCC = '014d401effe1001c674d401ed900a02ff966a0c0c0c80000030008000003019078b1724001000568ebc3cb20';
const KINDS = ['framelog', 'nms, payload lent', 'nms, payload kept'] as const;

interface Cost {
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly messages: number;
  readonly peakMiB: number;
}

/** What a publisher sends first, and then again and again: two seconds of 720p at 4 Mbit/s with AAC. */
function publisherBytes(
  name: string,
  chunkBytes: number,
): { readonly hello: Buffer; readonly media: Buffer } {
  const writer = new ChunkWriter();
  const tag = (typeId: number, timestampMs: number, payload: Buffer) =>
    writer.write({
      chunkStreamId: typeId === 9 ? 6 : 4,
      typeId,
      streamId: 1,
      timestampMs,
      payload: [payload],
    });
  const hello = [
    Buffer.of(3),
    Buffer.alloc(2 * 1536),
    ...writer.write(setChunkSize(chunkBytes)),
    ...writer.write(command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://h/live' })),
    ...writer.write(command(0, 'createStream', 2, null)),
    ...writer.write(command(1, 'publish', 3, null, name, 'live')),
    ...tag(MessageType.video, 0, Buffer.from(`1700000000${AVCC}`, 'hex')),
    ...tag(MessageType.audio, 0, Buffer.from('af001210', 'hex')),
  ];
  const media: Uint8Array[] = [];
  for (let frame = 0; frame < 60; frame++) {
    const video = Buffer.alloc(frame === 0 ? 70_000 : 12_000 + ((frame * 2551) % 8000), frame);
    video.write(
      `${frame === 0 ? '17' : '27'}01000000${(video.length - 9).toString(16).padStart(8, '0')}41`,
      'hex',
    );
    media.push(...tag(MessageType.video, Math.round((frame * 1000) / 30), video));
    const audio = Buffer.alloc(340, frame);
    audio.write('af01', 'hex');
    media.push(...tag(MessageType.audio, Math.round((frame * 1000) / 30), audio));
  }
  return { hello: Buffer.concat(hello), media: Buffer.concat(media) };
}

async function feed(port: number, name: string, chunkBytes: number, totalBytes: number): Promise<void> {
  const { hello, media } = publisherBytes(name, chunkBytes);
  const socket = connect(port, '127.0.0.1');
  socket.resume();
  await once(socket, 'connect');
  socket.write(hello);
  for (let sent = 0; sent < totalBytes; sent += media.length) {
    if (!socket.write(media)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

/** Counts what arrives and reports the cost when the last publisher has gone. */
class Meter {
  messages = 0;
  bytes = 0;
  /** The newest packet, where the server keeps packets. */
  kept: Buffer | undefined;
  #open = 0;
  #start: NodeJS.CpuUsage | undefined;

  opened(): void {
    this.#open++;
    this.#start ??= process.cpuUsage();
  }

  closed(): void {
    if (--this.#open > 0) return;
    const { user, system } = process.cpuUsage(this.#start);
    const cost: Cost = {
      cpuSeconds: (user + system) / 1e6,
      megabytes: this.bytes / 1e6,
      messages: this.messages,
      peakMiB: process.resourceUsage().maxRSS / 1024,
    };
    console.log(JSON.stringify(cost));
    process.exit(0);
  }
}

async function serveFramelog(meter: Meter): Promise<number> {
  const publication = {
    setTracks: () => undefined,
    write: () => {
      meter.messages++;
    },
    fail: (message: string) => console.error(message),
    end: async () => meter.closed(),
  };
  const streams = {
    publish: async () => {
      meter.opened();
      return publication;
    },
  } as unknown as StreamService;
  const access = {
    recognizeSecret: () => ({ ok: true, principal: { kind: 'open', id: 'bench', may: () => true } }),
  } as never;
  const server = new RtmpServer({ streams, access, logger: pino({ level: 'silent' }) });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const { counters } = server;
  Object.defineProperty(meter, 'bytes', { get: () => counters.receivedBytes });
  return port;
}

async function serveNodeMediaServer(meter: Meter, isKept: boolean): Promise<number> {
  const require = createRequire(import.meta.url);
  const Rtmp = require('node-media-server/src/protocol/rtmp.js');
  const server = createServer((socket) => {
    meter.opened();
    const rtmp = new Rtmp();
    rtmp.onOutputCallback = (bytes: Buffer) => socket.write(bytes);
    rtmp.onPacketCallback = ({ data, size }: { readonly data: Buffer; readonly size: number }) => {
      meter.messages++;
      if (isKept) meter.kept = Buffer.from(data.subarray(0, size));
    };
    socket.on('data', (bytes: Buffer) => {
      meter.bytes += bytes.length;
      rtmp.parserData(bytes);
    });
    socket.on('error', (error) => console.error(error.message));
    socket.on('close', () => meter.closed());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function measure(
  kind: string,
  publishers: number,
  megabytes: number,
  chunkBytes: number,
): Promise<Cost> {
  const server = spawn(process.execPath, [SELF, 'serve', kind], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (server.stdout === null) throw new Error('stdout must be a pipe');
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const port = (await lines.next()).value as string;
  const result = lines.next();
  const share = String(Math.ceil((megabytes * 1e6) / publishers));
  const feeders = Array.from({ length: publishers }, (_, index) =>
    spawn(process.execPath, [SELF, 'feed', port, `cam${index}`, String(chunkBytes), share], {
      stdio: 'inherit',
    }),
  );
  await Promise.all(feeders.map((feeder) => once(feeder, 'exit')));
  return JSON.parse((await result).value as string) as Cost;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

const [mode, ...args] = process.argv.slice(2);
if (mode === 'serve') {
  const meter = new Meter();
  const kind = args[0];
  const port =
    kind === 'framelog' ? serveFramelog(meter) : serveNodeMediaServer(meter, kind === 'nms, payload kept');
  console.log(await port);
} else if (mode === 'feed') {
  await feed(Number(args[0]), String(args[1]), Number(args[2]), Number(args[3]));
} else {
  const [megabytes = 400, publishers = 4, rounds = 3] = [mode, ...args].filter(Boolean).map(Number);
  for (const chunkBytes of [4096, 60_000]) {
    const costs = new Map<string, Cost[]>(KINDS.map((kind) => [kind, []]));
    for (let round = 0; round < rounds; round++) {
      for (const kind of KINDS) costs.get(kind)?.push(await measure(kind, publishers, megabytes, chunkBytes));
    }
    for (const [kind, list] of costs) {
      const rate = median(list.map((cost) => cost.megabytes / cost.cpuSeconds));
      const peak = Math.max(...list.map((cost) => cost.peakMiB));
      const messages = Math.round(median(list.map((cost) => cost.messages)));
      console.log(
        `${kind.padEnd(18)} ${publishers} publishers, chunks of ${String(chunkBytes).padStart(5)}: ` +
          `${rate.toFixed(0).padStart(5)} MB per CPU-s, peak ${peak.toFixed(0)} MiB, ${messages} messages`,
      );
    }
  }
}
