/**
 * Socket-level torture of the RTMP door: thousands of connections that say nothing, send a byte now and then, publish
 * garbage, or vanish, come and go beside a real camera. Fails when the camera loses a frame or the server grows.
 *
 *   node test/bench/rtmp-torture.ts [connections=2000] [seconds=20] [rtmp://host/live/camera?key=...]
 *
 * Without a URL it starts a server of its own, with streams in memory, and checks every frame. With one it tortures that
 * server, and checks that the camera is never refused or cut off.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseRtmpUrl } from '../../server/ingest/rtmp/rtmp-address.ts';
import { RtmpPublisher } from '../../server/ingest/rtmp/rtmp-publisher.ts';
import { CODEC_SAMPLES } from '../integration/rtmp/codec-samples.ts';

const FRAME_MS = 20;
const HELLO = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]);

/** What one attacker does with its socket until it is cut off; called again each tick. */
type Attack = (socket: Socket, tick: number) => void;

const ATTACKS: Readonly<Record<string, Attack>> = {
  silent: () => undefined,
  trickle: (socket, tick) => socket.write(HELLO.subarray(tick % HELLO.length, (tick % HELLO.length) + 1)),
  garbage: (socket, tick) => socket.write(tick === 0 ? HELLO : randomBytes(1000)),
  noise: (socket) => socket.write(randomBytes(200)),
  vanish: (socket, tick) => {
    if (tick === 0) socket.write(HELLO.subarray(0, 1000));
    else socket.resetAndDestroy();
  },
};

export interface TortureReport {
  readonly frames: number;
  readonly attackers: number;
  /** Attackers that the server cut off, and that came back. */
  readonly returns: number;
}

/** Runs attackers and a camera against a server until the camera has sent `frames` frames. Rejects when it is cut off. */
export async function torture(url: string, connections: number, frames: number): Promise<TortureReport> {
  const { host, port } = parseRtmpUrl(url);
  const kinds = Object.values(ATTACKS);
  let isOver = false;
  let returns = 0;
  const open = new Set<Socket>();
  const attack = (index: number): void => {
    const socket = connect(port, host);
    open.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
    const act = kinds[index % kinds.length] as Attack;
    let tick = 0;
    const timer = setInterval(() => {
      if (socket.writable) act(socket, tick++);
    }, 1000);
    socket.once('connect', () => act(socket, tick++));
    socket.once('close', () => {
      clearInterval(timer);
      open.delete(socket);
      if (isOver) return;
      returns++;
      setTimeout(() => !isOver && attack(index), 100);
    });
  };

  const { track, data } =
    CODEC_SAMPLES.find((one) => one.track.codec === 'opus') ?? CODEC_SAMPLES[0] ?? fail();
  const camera = await RtmpPublisher.connect(url);
  camera.setTracks([track]);
  for (let index = 0; index < connections; index++) attack(index);
  const stepTicks = (track.timescale * FRAME_MS) / 1000;
  for (let index = 0; index < frames; index++) {
    const sample = {
      trackId: track.id,
      compositionOffsetTicks: 0,
      durationTicks: stepTicks,
      isSync: true,
      data,
    };
    if (!camera.write({ ...sample, dtsTicks: index * stepTicks })) await camera.drained();
    // Not so that the frames have their time, but so that the attackers have theirs.
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    await Promise.race([camera.closed, Promise.resolve()]);
  }
  // A second camera gets in while they are all there.
  await (await RtmpPublisher.connect(url.replace(/([^/?]+)(\?|$)/, '$1-2$2'))).end();
  await camera.end();
  isOver = true;
  for (const socket of open) socket.destroy();
  await Promise.all([...open].map((socket) => once(socket, 'close')));
  return { frames, attackers: connections, returns };
}

function fail(): never {
  throw new Error('no codec to send');
}

if (import.meta.main) {
  const [connections = '2000', seconds = '20', url] = process.argv.slice(2);
  const frames = (Number(seconds) * 1000) / FRAME_MS;
  if (url !== undefined) {
    console.log(await torture(url, Number(connections), frames));
  } else {
    const { startHarness } = await import('../integration/rtmp/harness.ts');
    const closers: (() => unknown)[] = [];
    const harness = await startHarness({ after: (close?: unknown) => closers.push(close as () => unknown) });
    const clock = setInterval(() => {
      harness.clockMs += 100;
    }, 100);
    const before = process.memoryUsage.rss();
    const report = await torture(`${harness.url}/live/camera`, Number(connections), frames);
    const stored = harness.streams.last('camera')?.samples.length;
    console.log(report, harness.server.counters);
    console.log(`camera: ${stored} of ${frames} frames stored`);
    console.log(
      `memory: ${((process.memoryUsage.rss() - before) / 2 ** 20).toFixed(0)} MiB more, attackers included`,
    );
    clearInterval(clock);
    for (const close of closers) await close();
    process.exitCode = stored === frames ? 0 : 1;
  }
}
