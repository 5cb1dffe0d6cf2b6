import { setTimeout as delay } from 'node:timers/promises';
import { type PublishProgress, publishFile } from '../ingest/rtmp/file-publisher.ts';
import { redactUrl } from '../observe/redact.ts';
import { defineCommand } from './command.ts';
import { describeError } from './describe-error.ts';
import { ProgressLine } from './progress-line.ts';
import { stopSignal } from './stop-signal.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Many cameras do not start in one instant: their key frames would fall together for ever. */
const START_SPREAD_MS = 2000;
const MAX_COUNT = 10_000;

export const push = defineCommand({
  positionals: ['FILE', 'RTMP_URL'],
  options: {
    loop: { type: 'boolean', help: 'Begin again at the end of the file, until Ctrl-C.' },
    count: { type: 'string', value: 'N', help: 'Publish N streams at once; {n} in the URL is 1, 2, ... N.' },
    speed: {
      type: 'string',
      value: 'FACTOR',
      help: 'Times real time (1), or `max` for as fast as the server takes it.',
    },
  },
  details:
    'FILE is any MP4: progressive, fragmented, or a log file of Framelog. H.265, AV1, VP9 and Opus go as enhanced RTMP.',
  examples: [
    {
      line: 'framelog push clip.mp4 "rtmp://localhost:1935/live/front-door?key=SECRET"',
      what: 'Once, in real time.',
    },
    {
      line: 'framelog push clip.mp4 "rtmp://localhost:1935/live/front-door?key=SECRET" --loop',
      what: 'As a camera that never stops.',
    },
    {
      line: 'framelog push clip.mp4 "rtmp://localhost/live/load-{n}?key=SECRET" --loop --count 50',
      what: 'The load of 50 cameras.',
    },
  ],
  async run(options, [file = '', url = ''], terminal) {
    const count = parseCount(options.count, url);
    const speed = parseSpeed(options.speed);
    const loops = options.loop === true ? Number.POSITIVE_INFINITY : 1;
    const stop = stopSignal();
    const board = new ProgressBoard(count, terminal);
    const outcomes = await Promise.allSettled(
      Array.from({ length: count }, async (_, index) => {
        const publishUrl = url.replaceAll('{n}', String(index + 1));
        await spread((START_SPREAD_MS * index) / count, stop);
        if (stop.aborted) return;
        const onProgress = (progress: PublishProgress) => board.update(index, progress);
        onProgress(await publishFile(file, publishUrl, { loops, speed, signal: stop, onProgress }));
      }),
    );
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    board.finish();
    terminal.err(failureText(failures, count, redactUrl(url)));
    return failures.length === 0 ? 0 : 1;
  },
});

function parseCount(text: string | undefined, url: string): number {
  const count = text === undefined ? 1 : Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    throw new UsageError(`--count must be a whole number from 1 to ${MAX_COUNT}, not ${text}`);
  }
  if (count > 1 && !url.includes('{n}'))
    throw new UsageError('--count needs {n} in the URL: a stream has one publisher');
  return count;
}

function parseSpeed(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = Number(text);
  if (!(speed > 0 && speed <= 1000))
    throw new UsageError(`--speed must be a number up to 1000, or max, not ${text}`);
  return speed;
}

async function spread(delayMs: number, stop: AbortSignal): Promise<void> {
  try {
    await delay(delayMs, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

/** Each distinct reason once: with 400 publishers one line each would bury it. */
function failureText(failures: readonly unknown[], count: number, shownUrl: string): string {
  const reasons = new Set(failures.map(describeError));
  const what = count === 1 ? shownUrl : `${failures.length} of ${count} publishers to ${shownUrl}`;
  return [...reasons].map((reason) => `framelog push: ${what}: ${reason}\n`).join('');
}

/** Adds up what all publishers have sent; shows it where somebody looks. */
class ProgressBoard {
  readonly #latest: (PublishProgress | undefined)[];
  readonly #terminal: Terminal;
  readonly #line: ProgressLine;
  readonly #startMs = performance.now();

  constructor(count: number, terminal: Terminal) {
    this.#latest = Array.from({ length: count });
    this.#terminal = terminal;
    this.#line = new ProgressLine(terminal);
  }

  update(index: number, progress: PublishProgress): void {
    this.#latest[index] = progress;
    this.#line.update(() => this.#text(performance.now()));
  }

  finish(): void {
    this.#line.clear();
    this.#terminal.out(`${this.#text(performance.now())}\n`);
  }

  #text(nowMs: number): string {
    const started = this.#latest.filter((progress) => progress !== undefined);
    const sum = (read: (progress: PublishProgress) => number) =>
      started.reduce((total, one) => total + read(one), 0);
    const seconds = ((nowMs - this.#startMs) / 1000).toFixed(1);
    const megabytes = (sum(({ sizeBytes }) => sizeBytes) / 1e6).toFixed(1);
    return `${started.length} published, ${sum(({ samples }) => samples)} samples, ${megabytes} MB in ${seconds} s`;
  }
}
