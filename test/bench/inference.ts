/**
 * What a detector costs beside the bare TensorFlow.js call on the same frames: `node test/bench/inference.ts [frames]`.
 *
 *   detector   the whole of `Detector.detect`: picture to input, model, decoding, suppression
 *   bare       `GraphModel.execute` of the model as it comes in the package, re-shaped to the same input (as detection.md did), on
 *              inputs that are there already, its two outputs read
 *
 * Then sizes of the input, and parts of a frame one by one beside all at once. CPU seconds of this process; rounds alternate.
 */
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { type GraphFile, weightBytes } from '../../ml/backend/graph-file.ts';
import { startBackend } from '../../ml/backend/start-backend.ts';
import { runJob } from '../../ml/decode/run-job.ts';
import { WebcodecsDecoder } from '../../ml/decode/webcodecs-decoder.ts';
import type { Detector } from '../../ml/detect/detector.ts';
import { builtInModelPath } from '../../ml/models/built-in-models.ts';
import { reshapeCenternet } from '../../ml/models/centernet-graph.ts';
import { loadDetector } from '../../ml/models/load-detector.ts';
import { readGraph } from '../../ml/models/model-files.ts';
import { ModelRegistry } from '../../ml/models/model-registry.ts';
import { pictureOfFile } from '../../ml/picture/picture-of-file.ts';
import type { RgbPicture } from '../../ml/picture/rgb-picture.ts';
import { clipPath } from '../e2e/support/media.ts';
import { mediaOf } from '../integration/clip/recordings.ts';

const FRAMES = Number(process.argv[2] ?? 10);
const ROUNDS = 6;
const OUTPUTS = ['tower_0/keypoints', 'tower_0/wh'];
const WIDTH = 512;
const HEIGHT = 288;

async function keyFrames(file: string): Promise<RgbPicture[]> {
  const { tracks, samples } = await mediaOf(clipPath(file));
  const track = tracks.find(({ kind }) => kind === 'video');
  if (track === undefined) throw new Error(`${file} has no pictures`);
  const decoder = new WebcodecsDecoder();
  const pictures: RgbPicture[] = [];
  for (const { trackId, isSync, data } of samples) {
    if (trackId !== track.id || !isSync || pictures.length === FRAMES) continue;
    const sample = { dtsUs: 0, ptsUs: 0, isSync: true, data };
    const [png] = await runJob({ track, samples: [sample], wantedUs: [0], format: { type: 'png' } }, [
      decoder,
    ]);
    if (png !== undefined) pictures.push(await pictureOfFile(png));
  }
  return pictures;
}

/** The model as it comes, for one picture of this size: three constants and the shape of the input (detection.md §2). */
function reshapedOnly(graph: GraphFile): GraphFile {
  const weights = graph.weights.slice();
  const view = new DataView(weights.buffer);
  const cells = new Map([
    ['tower_0/CenternetHead/c5_upsample/up_sampling2d/mul', 16],
    ['tower_0/CenternetHead/c4_upsample/up_sampling2d_1/mul', 8],
    ['tower_0/CenternetHead/c3_upsample/up_sampling2d_2/mul', 4],
  ]);
  let offset = 0;
  for (const spec of graph.weightSpecs) {
    const cell = cells.get(spec.name);
    if (cell !== undefined) {
      view.setInt32(offset, HEIGHT / cell, true);
      view.setInt32(offset + 4, WIDTH / cell, true);
    }
    offset += weightBytes(spec);
  }
  const dim = [1, HEIGHT, WIDTH, 3].map((size) => ({ size: String(size) }));
  const node = graph.topology.node.map((one) =>
    one.op === 'Placeholder' ? { ...one, attr: { ...one.attr, shape: { shape: { dim } } } } : one,
  );
  return { ...graph, weights, topology: { ...graph.topology, node } };
}

async function bareModel(graph: GraphFile) {
  return loadGraphModel({
    load: async () => ({
      format: 'graph-model',
      modelTopology: graph.topology,
      weightSpecs: [...graph.weightSpecs],
      weightData: graph.weights.buffer,
    }),
  });
}

async function cpuMsOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Alternates between the candidates; answers the median CPU ms of a frame of each. */
async function race(candidates: Readonly<Record<string, () => Promise<unknown>>>, perRun: number) {
  const took = Object.fromEntries(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (const run of Object.values(candidates)) await run();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(candidates)) took[name]?.push((await cpuMsOf(run)) / perRun);
  }
  return Object.fromEntries(Object.entries(took).map(([name, values]) => [name, median(values)]));
}

const backend = await startBackend();
const pictures = await keyFrames('parking-720p-h264.mp4');
const registered = await new ModelRegistry(undefined).find('centernet');
const load = (profile: 'fast' | 'balanced' | 'far') => loadDetector(registered, { aspect: 16 / 9, profile });
const detector = await load('balanced');
const inputs = pictures.map((picture) => {
  const pixels = new Float32Array(WIDTH * HEIGHT * 3);
  picture.sampleRgb([0, 0, 1, 1], pixels, WIDTH, HEIGHT);
  return tensor(pixels, [1, HEIGHT, WIDTH, 3]);
});
const { graph } = await readGraph(builtInModelPath('centernet'));
const bare = await bareModel(reshapedOnly(graph));
const look = async (one: Detector) => {
  for (const picture of pictures) await one.detect(picture, { minScore: 0.35 });
};
const execute = async () => {
  for (const input of inputs) {
    const outputs = bare.execute(input, OUTPUTS) as Tensor[];
    for (const output of outputs) {
      await output.data();
      output.dispose();
    }
  }
};

console.log(
  `${backend.name}, ${pictures.length} key frames of 1280x720, input ${WIDTH}x${HEIGHT}, CPU ms a frame (median of ${ROUNDS})`,
);
const { detector: whole = 0, bare: call = 0 } = await race(
  { detector: () => look(detector), bare: execute },
  pictures.length,
);
console.log(
  `  detector ${whole.toFixed(1)}, bare call ${call.toFixed(1)}: frames per core second ${(call / whole).toFixed(2)} of the bare call's`,
);
bare.dispose();

const profiles = { fast: await load('fast'), balanced: detector, far: await load('far') };
const byProfile = await race(
  Object.fromEntries(Object.entries(profiles).map(([name, one]) => [name, () => look(one)])),
  pictures.length,
);
for (const [name, tookMs] of Object.entries(byProfile)) {
  const { width, height } = profiles[name as keyof typeof profiles].input;
  console.log(
    `  ${name.padEnd(9)} ${width}x${height}: ${tookMs.toFixed(1)} ms, ${(1000 / tookMs).toFixed(1)} frames per core second`,
  );
}

console.log('parts of a frame, CPU ms a part: one by one, and as one batch of 2 and of 4');
const loaded = await backend.load(reshapeCenternet(graph, [0, 1, 2, 5, 7]));
for (const side of [128, 192, 256, 320]) {
  const run = (batch: number) => async () => {
    const data = new Float32Array(batch * side * side * 3).fill(100);
    for (let done = 0; done < 8; done += batch)
      await loaded.run({ data, shape: [batch, side, side, 3] }, OUTPUTS);
  };
  const { one = 0, two = 0, four = 0 } = await race({ one: run(1), two: run(2), four: run(4) }, 8);
  console.log(`  ${side}x${side}: ${one.toFixed(1)}, ${two.toFixed(1)}, ${four.toFixed(1)}`);
}
loaded.dispose();
