/**
 * How many cameras a core watches at five frames a second, by how frames are looked at, and what is found: decoding, gate, model,
 * tracks and events as in a worker, over the clips of shared/media, each way beside a look at every whole frame.
 *
 *   node --expose-gc test/bench/detection-cameras-per-core.ts [part of a clip's name] [rounds]
 *
 * "found": frames in which an object that is there is followed, of those in which one is, by boxes drawn by hand (seen-objects.ts).
 * "wrong": objects that are followed where none of their kind is; "misnamed": of those, where something else is.
 */
import { join } from 'node:path';
import { openLiveDecoders } from '../../ml/decode/open-decoders.ts';
import type { Detector } from '../../ml/detect/detector.ts';
import { FaceFinder } from '../../ml/faces/face-finder.ts';
import { ModelRegistry } from '../../ml/models/model-registry.ts';
import { watchSettingsSchema } from '../../ml/watch/watch-settings.ts';
import { LoadedModels } from '../../ml/worker/loaded-models.ts';
import type { ModelSource } from '../../ml/worker/model-source.ts';
import { WatchPipeline } from '../../ml/worker/watch-pipeline.ts';
import { offered, videoOf } from '../support/clip-video.ts';
import {
  compareWithTruth,
  countShared,
  type SeenFrame,
  type Sighting,
  TRUE_OBJECTS,
} from './support/seen-objects.ts';

const MEDIA = join(import.meta.dirname, '../../../shared/media');
const FRAMES_PER_SECOND = 5;
/** Samples that a worker is given at once. */
const BATCH = 25;
const WARM_UP_LOOKS = 12;

/** A way to look: settings, and a detector with less than it can do. */
interface Way {
  readonly name: string;
  readonly motionGate: boolean;
  readonly limit?: (detector: Detector) => Detector;
}

const WAYS: readonly Way[] = [
  { name: 'every frame whole', motionGate: false },
  { name: 'motion gate', motionGate: true, limit: wholeOnly },
  { name: 'gate, parts at one scale', motionGate: true, limit: fullScale },
  { name: 'gate, parts', motionGate: true },
];

interface Run {
  readonly frames: SeenFrame[];
  cpuMs: number;
  skipped: number;
  enters: number;
}

const [clipPart = '', rounds = '1'] = process.argv.slice(2);
const decoders = await openLiveDecoders('native');
const models = new LoadedModels(new ModelRegistry(undefined));
await warm();

const totals = WAYS.map(() => ({
  cpuMs: 0,
  seconds: 0,
  found: 0,
  shown: 0,
  wrong: 0,
  misnamed: 0,
  tracks: 0,
}));
console.log(
  'clip, way                                      CPU ms/s   cameras/core   looked at   of baseline   found   wrong   misnamed   tracks   first seen (s)',
);
for (const clip of Object.keys(TRUE_OBJECTS).filter((name) => name.includes(clipPart))) {
  const runs = WAYS.map((): Run => ({ frames: [], cpuMs: 0, skipped: 0, enters: 0 }));
  // In turns, so that all meet the same machine.
  for (let round = 0; round < Number(rounds); round++) {
    for (const [i, way] of WAYS.entries()) {
      const { cpuMs, ...seen } = await run(clip, way);
      const before = runs[i];
      runs[i] = { ...seen, cpuMs: (before?.cpuMs ?? 0) + cpuMs / Number(rounds) };
    }
  }
  report(clip, runs);
}
console.log('all clips');
for (const [i, { cpuMs, seconds, found, shown, wrong, misnamed, tracks }] of totals.entries()) {
  const cost = cpuMs / seconds;
  console.log(
    `  ${(WAYS[i]?.name ?? '').padEnd(44)} ${cost.toFixed(0).padStart(8)} ${(1000 / cost).toFixed(1).padStart(14)}` +
      `${' '.repeat(26)}${`${found}/${shown}`.padStart(8)} ${String(wrong).padStart(7)} ${String(misnamed).padStart(10)} ${String(tracks).padStart(8)}`,
  );
}
process.exit(0);

function report(clip: string, runs: readonly Run[]): void {
  const truth = TRUE_OBJECTS[clip] ?? [];
  const [baseline] = runs;
  for (const [i, { frames, cpuMs, skipped }] of runs.entries()) {
    const seconds = frames.length / FRAMES_PER_SECOND;
    const sighting = compareWithTruth(truth, frames);
    add(i, sighting, cpuMs, seconds);
    const inBaseline = baseline?.frames.reduce((sum, { objects }) => sum + objects.length, 0) ?? 0;
    const shared = countShared(baseline?.frames ?? [], frames);
    const first = sighting.first.map((at) => at?.toFixed(1) ?? '-').join(' ');
    console.log(
      `${clip.replace('-h264.mp4', '').padEnd(13)} ${(WAYS[i]?.name ?? '').padEnd(32)} ${(cpuMs / seconds).toFixed(0).padStart(8)} ` +
        `${((seconds * 1000) / cpuMs).toFixed(1).padStart(14)} ${String(frames.length - skipped).padStart(11)} ` +
        `${`${shared}/${inBaseline}`.padStart(13)} ${`${sighting.found}/${sighting.shown}`.padStart(7)} ` +
        `${String(sighting.wrong).padStart(7)} ${String(sighting.misnamed).padStart(10)} ${String(sighting.tracks).padStart(8)}   ${first}`,
    );
  }
}

function add(way: number, sighting: Sighting, cpuMs: number, seconds: number): void {
  const total = totals[way];
  if (total === undefined) return;
  total.cpuMs += cpuMs;
  total.seconds += seconds;
  for (const key of ['found', 'shown', 'wrong', 'misnamed', 'tracks'] as const) total[key] += sighting[key];
}

/** One clip through one pipeline: all of it is decoded, five frames a second are due. */
async function run(clip: string, { motionGate, limit }: Way): Promise<Run> {
  const video = await videoOf(join(MEDIA, clip));
  const samples = offered(video);
  const settings = watchSettingsSchema.parse({ tier: `fps:${FRAMES_PER_SECOND}`, motionGate });
  const parts = { decoders: decoders.factories, models: limited(limit), faces: new FaceFinder() };
  const pipeline = new WatchPipeline(parts);
  const seen: Run = { frames: [], cpuMs: 0, skipped: 0, enters: 0 };
  let dueUs = 0;
  const before = process.cpuUsage();
  for (let first = 0; first < samples.length; first += BATCH) {
    const batch = samples.slice(first, first + BATCH);
    const due = batch.filter(({ ptsUs }) => {
      if (ptsUs < dueUs) return false;
      dueUs += 1_000_000 / FRAMES_PER_SECOND;
      return true;
    });
    const { results } = await pipeline.work({
      watch: 1,
      opening: first === 0 ? { name: 'live', stream: 'clip', settings, state: undefined } : undefined,
      track: first === 0 ? video.track : undefined,
      samples: batch,
      startsAnew: first === 0,
      flush: first + BATCH >= samples.length,
      due: due.map(({ ptsUs, frame }) => ({ ptsUs, frame })),
      end: undefined,
    });
    for (const { ptsUs, result } of results) {
      const objects = result.objects.filter(({ isConfirmed }) => isConfirmed);
      seen.frames.push({ seconds: Math.round((ptsUs ?? 0) / 100_000) / 10, objects });
      if (result.skipped !== undefined) seen.skipped++;
    }
  }
  const { user, system } = process.cpuUsage(before);
  seen.cpuMs = (user + system) / 1000;
  pipeline.close();
  return seen;
}

function limited(limit: Way['limit']): ModelSource {
  if (limit === undefined) return models;
  return {
    open: async (name, options) => {
      const model = await models.open(name, options);
      return { ...model, detector: async (aspect) => limit(await model.detector(aspect)) };
    },
  };
}

/** A model that takes one size. */
function wholeOnly(detector: Detector): Detector {
  const { model, labels, input } = detector;
  return {
    model,
    labels,
    input,
    detect: (picture, options) => detector.detect(picture, options),
    dispose: () => {},
  };
}

/** Parts are given as many pixels as they have in a look at the whole picture. */
function fullScale(detector: Detector): Detector {
  const { input, inputStep = 32 } = detector;
  const toStep = (pixels: number) => Math.ceil(pixels / inputStep - 1e-6) * inputStep;
  return {
    ...wholeOnly(detector),
    inputStep,
    detect: (picture, { looks = [], ...options }) =>
      detector.detect(picture, {
        ...options,
        looks: looks.map(({ region }) => ({
          region,
          input: { width: toStep(region[2] * input.width), height: toStep(region[3] * input.height) },
        })),
      }),
  };
}

/** The first pictures of a process take several times as long: its code is compiled. A worker lives for hours. */
async function warm(): Promise<void> {
  const { model, profile, labels } = watchSettingsSchema.parse({});
  const detector = await (await models.open(model, { profile, labels })).detector(16 / 9);
  const grey = { width: 16, height: 9, sampleRgb: () => {}, sampleLuma: () => {} };
  for (let i = 0; i < WARM_UP_LOOKS; i++) await detector.detect(grey, { minScore: 0.3 });
}
