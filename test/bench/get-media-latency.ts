/**
 * How long a frame takes through the server: N producers send 25 frames a second by PutMedia, N consumers read them by GetMedia from the
 * live edge, all in this process, so that one clock tells both ends; and how long after its last byte a fragment is listed
 * by ListFragments. AWS's own figures (kvs.md §8): about 25 ms a frame, fragments listed in less than 1 s.
 *
 *   node test/bench/get-media-latency.ts [streams=20] [seconds=60] [frameBytes=4000]
 */
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { MatroskaReader } from '../../fragments/matroska/matroska-reader.ts';
import { clusterHead, documentHeader, simpleBlockHead } from '../../fragments/matroska/matroska-writer.ts';
import { startServerProcess } from '../e2e/support/server.ts';
import { VIDEO } from '../unit/fragments/stream/media.ts';
import { cpuSecondsOf } from './support/process-cost.ts';

const streams = Number(process.argv[2] ?? 20);
const seconds = Number(process.argv[3] ?? 60);
const frameBytes = Number(process.argv[4] ?? 4000);

const FRAME_MS = 40;
const FRAMES_A_FRAGMENT = 50;
const TICKS_NS = 1_000_000;

const frameMs: number[] = [];
const fragmentMs: number[] = [];
const listedMs: number[] = [];

/** A camera: clusters of two seconds, each frame with the instant of its sending in front. */
class Producer {
  readonly stream: string;
  readonly #request: ClientRequest;
  #frames = 0;
  #clusterMs = 0;
  /** When the first bytes of the newest cluster, which end the one before, were sent. */
  endedAtMs = 0;
  onFragmentSent: (startMs: number) => void = () => {};

  constructor(baseUrl: string, stream: string) {
    this.stream = stream;
    this.#request = startRequest(`${baseUrl}/putMedia`, {
      method: 'POST',
      headers: {
        'x-amzn-stream-name': stream,
        'x-amzn-fragment-timecode-type': 'ABSOLUTE',
        'x-amzn-producer-start-timestamp': '0.0',
        'transfer-encoding': 'chunked',
      },
    });
    this.#request.setNoDelay(true);
    this.#request.on('response', (response) => response.resume());
    this.#request.on('error', () => {});
    const track = { ...VIDEO, timescale: 1000 };
    this.#request.write(documentHeader([track], TICKS_NS));
  }

  sendFrame(): void {
    const isKey = this.#frames++ % FRAMES_A_FRAGMENT === 0;
    const nowMs = Date.now();
    const parts: Uint8Array[] = [];
    const endedMs = this.#clusterMs;
    if (isKey) {
      this.#clusterMs = nowMs;
      parts.push(clusterHead(nowMs));
    }
    const frame = Buffer.alloc(frameBytes, 7);
    parts.push(simpleBlockHead(VIDEO.id, nowMs - this.#clusterMs, isKey, frame.length), frame);
    const sentAtMs = performance.now();
    frame.writeDoubleBE(sentAtMs);
    if (isKey) this.endedAtMs = sentAtMs;
    this.#request.write(Buffer.concat(parts));
    if (isKey && endedMs > 0) this.onFragmentSent(endedMs);
  }

  end(): void {
    this.#request.end();
  }
}

function post(baseUrl: string, operation: string, body: object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = startRequest(`${baseUrl}/${operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.setNoDelay(true);
    request.on('response', resolve);
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
}

async function consume(
  baseUrl: string,
  producer: Producer,
  isMeasuring: () => boolean,
): Promise<IncomingMessage> {
  const response = await post(baseUrl, 'getMedia', {
    StreamName: producer.stream,
    StartSelector: { StartSelectorType: 'NOW' },
  });
  const reader = new MatroskaReader();
  response.on('error', () => {});
  response.on('data', (bytes: Buffer) => {
    for (const event of reader.push(bytes)) {
      if (!isMeasuring()) continue;
      if (event.type === 'frame') {
        const { buffer, byteOffset } = event.data;
        frameMs.push(performance.now() - Buffer.from(buffer, byteOffset).readDoubleBE());
      } else if (event.type === 'tags' && event.position === 'after-cluster') {
        fragmentMs.push(performance.now() - producer.endedAtMs);
      }
    }
  });
  return response;
}

/** Asks again and again until the fragment that began at this instant is listed. */
async function untilListed(baseUrl: string, stream: string, startMs: number): Promise<void> {
  const sentMs = performance.now();
  const range = { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 };
  for (;;) {
    const response = await post(baseUrl, 'listFragments', {
      StreamName: stream,
      FragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range },
    });
    let text = '';
    for await (const piece of response) text += String(piece);
    if (text.includes('FragmentNumber')) break;
    if (performance.now() - sentMs > 10_000) throw new Error(`never listed: ${text}`);
    await delay(2);
  }
  listedMs.push(performance.now() - sentMs);
}

function quantiles(name: string, values: number[]): string {
  values.sort((left, right) => left - right);
  const at = (share: number) => (values[Math.floor(values.length * share)] ?? Number.NaN).toFixed(2);
  return `| ${name} | ${values.length} | ${at(0.5)} | ${at(0.9)} | ${at(0.99)} | ${at(0.9999)} |`;
}

const server = await startServerProcess();
try {
  const producers = Array.from({ length: streams }, (_, i) => new Producer(server.httpUrl, `camera-${i}`));
  let isMeasuring = false;
  const timers: NodeJS.Timeout[] = [];
  for (const [i, producer] of producers.entries()) {
    // Cameras do not tick in step.
    await delay(FRAME_MS / streams);
    timers.push(setInterval(() => producer.sendFrame(), FRAME_MS));
    if (i % 5 === 0) {
      producer.onFragmentSent = (startMs) => {
        if (isMeasuring) void untilListed(server.httpUrl, producer.stream, startMs);
      };
    }
  }
  await delay(3000);
  const consumers = await Promise.all(
    producers.map((producer) => consume(server.httpUrl, producer, () => isMeasuring)),
  );
  await delay(2000);
  const cpu = cpuSecondsOf(server.pid);
  isMeasuring = true;
  await delay(seconds * 1000);
  isMeasuring = false;
  const cpuShare = (cpuSecondsOf(server.pid) - cpu) / seconds;
  for (const timer of timers) clearInterval(timer);
  for (const consumer of consumers) consumer.destroy();
  for (const producer of producers) producer.end();
  console.log(
    `${streams} producers and consumers, 25 frames of ${frameBytes} B a second each, ${seconds} s; ` +
      `the server took ${(cpuShare * 100).toFixed(0)} % of one core`,
  );
  console.log('| ms | count | median | 90 % | 99 % | 99.99 % |\n|---|---|---|---|---|---|');
  console.log(quantiles('frame, PutMedia to GetMedia (AWS: about 25)', frameMs));
  console.log(quantiles('end of fragment to its continuation token (AWS: about 250)', fragmentMs));
  console.log(quantiles('end of fragment to ListFragments (AWS: under 1000)', listedMs));
} finally {
  await server.stop();
}
