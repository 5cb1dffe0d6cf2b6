/**
 * A worker without decoder and model, for tests of the supervisor: "sees" one object in each due frame, and does what the
 * sample's bytes say. Its tracker's state is the number of frames that its watch has had looked at.
 */
import { basename } from 'node:path';
import { serveRequests } from '../../../../../ml/process/serve-requests.ts';
import type { WatchResult } from '../../../../../ml/supervisor/watch-result.ts';
import type {
  TimedResult,
  WorkerReply,
  WorkerRequest,
} from '../../../../../ml/supervisor/worker-messages.ts';
import type { FrameRef } from '../../../../../ml/watch/frame.ts';

const frames = new Map<number, number>();
const names = new Map<number, string>();
const held: Buffer[] = [];
/** Due frames that are still in the "decoder": it holds one sample. */
const inDecoder = new Map<number, { ptsUs: number; frame: FrameRef }[]>();

function resultOf(watch: number, frame: FrameRef): WatchResult {
  const seen = (frames.get(watch) ?? 0) + 1;
  frames.set(watch, seen);
  const object = {
    label: 'person',
    score: 1,
    box: [0, 0, 1, 1],
    group: 'person',
    isConfirmed: true,
  } as const;
  return {
    frame,
    picture: { width: 640, height: 360 },
    skipped: undefined,
    model: { name: names.get(watch) ?? '', sha256: '' },
    objects: [{ ...object, trackId: `${seen}`, trackConfidence: 1, enteredMs: 0, topScore: 1 }],
    faces: [],
    events: [],
    state: { tracker: seen, rules: process.pid, faces: null, events: null },
    timings: { decodeMs: 1, inferMs: 2, totalMs: 3 },
  };
}

function act(what: string): WorkerReply | undefined {
  if (what === 'die') process.kill(process.pid, 'SIGSEGV');
  if (what === 'hang') for (;;);
  if (what === 'grow') for (;;) held.push(Buffer.alloc(16 << 20, 1));
  if (what === 'no-model') return { kind: 'failed', code: 'no-model', message: 'there is no such model' };
  return undefined;
}

async function answer(request: WorkerRequest): Promise<WorkerReply> {
  // Where others have a folder of models.
  const startAct = basename(process.argv[3] ?? '');
  if (request.kind === 'start') {
    if (startAct === 'die') process.exit(3);
    if (startAct === 'unavailable') return { kind: 'failed', code: 'unavailable', message: 'no engine here' };
    return {
      kind: 'started',
      capabilities: { backend: 'puppet', simd: true, decoder: 'none' },
      problems: [],
    };
  }
  if (request.kind === 'look') {
    const what = Buffer.from(request.question.file).toString();
    const answered = act(what);
    return (
      answered ?? {
        kind: 'looked',
        answer: { width: 1, height: 1, model: undefined, objects: [], faces: [] },
      }
    );
  }
  const { work } = request;
  if (work.opening !== undefined) {
    const { tracker } = work.opening.state ?? { tracker: 0 };
    frames.set(work.watch, Number(tracker));
    names.set(work.watch, work.opening.settings.model);
    inDecoder.set(work.watch, []);
  }
  for (const { data } of work.samples) {
    const answered = act(Buffer.from(data).toString());
    if (answered !== undefined) return answered;
  }
  const waiting = [...(inDecoder.get(work.watch) ?? []), ...work.due];
  const newest = work.samples.at(-1)?.ptsUs ?? 0;
  const results: TimedResult[] = waiting
    .filter(({ ptsUs }) => work.flush || ptsUs < newest)
    .map(({ ptsUs, frame }) => ({ ptsUs, result: resultOf(work.watch, frame) }));
  inDecoder.set(
    work.watch,
    waiting.filter(({ ptsUs }) => !work.flush && ptsUs >= newest),
  );
  if (work.end !== undefined) results.push({ ptsUs: undefined, result: resultOf(work.watch, work.end) });
  return { kind: 'watched', answer: { results, decodeError: undefined } };
}

serveRequests(answer);
