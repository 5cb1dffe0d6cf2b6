import type { OutputTensor } from '../backend/backend.ts';
import { BackendError } from '../backend/backend-error.ts';
import { decodeCenternet } from './centernet.ts';
import type { OutputReader } from './graph-detector.ts';
import type { CenternetOutputs, SsdOutputs, YoloOutputs } from './model-settings.ts';
import { decodeSsd } from './ssd.ts';
import { decodeYolo } from './yolo.ts';

/** What stands between a graph's tensors and the decoders of the families: shapes are checked here, numbers are read there. */

export function centernetReader({ scores, sizes }: CenternetOutputs): OutputReader {
  return {
    outputs: [scores, sizes],
    read(outputs, minScore) {
      const heat = floats(outputs[0], scores, 3);
      const [rows = 0, columns = 0, classes = 0] = heat.shape;
      const distances = floats(outputs[1], sizes, 3);
      if (distances.data.length !== rows * columns * 4)
        throw wrongShape(sizes, distances.shape, `[${rows}, ${columns}, 4]`);
      return decodeCenternet({ scores: heat.data, sizes: distances.data, rows, columns, classes }, minScore);
    },
  };
}

export function ssdReader({ boxes, scores, classes, count }: SsdOutputs): OutputReader {
  const outputs = [
    boxes,
    scores,
    ...(classes === undefined ? [] : [classes]),
    ...(count === undefined ? [] : [count]),
  ];
  return {
    outputs,
    read(tensors, minScore) {
      const places = floats(tensors[0], boxes);
      const sureness = floats(tensors[1], scores);
      const all = places.data.length / 4;
      if (places.shape.at(-1) !== 4) throw wrongShape(boxes, places.shape, '[N, 4]');
      const perBox = sureness.data.length / Math.max(all, 1);
      if (!Number.isInteger(perBox) || (classes !== undefined && perBox !== 1)) {
        throw wrongShape(scores, sureness.shape, classes === undefined ? `[${all}, C]` : `[${all}]`);
      }
      const kinds = classes === undefined ? undefined : numbers(tensors[2], classes);
      if (kinds !== undefined && kinds.data.length !== all)
        throw wrongShape(classes ?? '', kinds.shape, `[${all}]`);
      const counted = count === undefined ? undefined : numbers(tensors[outputs.length - 1], count).data[0];
      return decodeSsd(
        { boxes: places.data, scores: sureness.data, classes: kinds?.data, count: counted },
        minScore,
      );
    },
  };
}

export function yoloReader(
  { detections, layout, units }: YoloOutputs,
  input: { readonly width: number; readonly height: number },
): OutputReader {
  const scale = units === 'pixels' ? input : { width: 1, height: 1 };
  return {
    outputs: [detections],
    read(outputs, minScore) {
      const { shape, data } = floats(outputs[0], detections, 2);
      const [first = 0, second = 0] = shape;
      const [channels, boxes] = layout === 'channels-first' ? [first, second] : [second, first];
      if (channels < 5)
        throw wrongShape(detections, shape, layout === 'channels-first' ? '[4+C, N]' : '[N, 5+C]');
      return decodeYolo({ values: data, boxes, channels }, layout, scale, minScore);
    },
  };
}

function numbers(output: OutputTensor | undefined, name: string) {
  if (output === undefined) throw new BackendError('failed', `the model answers no ${name}`);
  const { shape, data } = output;
  if (data instanceof Uint8Array) throw new BackendError('failed', `${name} holds no numbers`);
  return { shape, data };
}

function floats(output: OutputTensor | undefined, name: string, rank?: number) {
  const { shape, data } = numbers(output, name);
  if (!(data instanceof Float32Array)) throw new BackendError('failed', `${name} holds no fractions`);
  if (rank !== undefined && shape.length !== rank)
    throw wrongShape(name, shape, `${rank} axes beside the picture's`);
  return { shape, data };
}

function wrongShape(name: string, shape: readonly number[], wanted: string): BackendError {
  return new BackendError('failed', `${name} has the shape [${shape.join(', ')}], not ${wanted}`);
}
