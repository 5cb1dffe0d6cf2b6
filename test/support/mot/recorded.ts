import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Box } from '../../../ml/geometry/box.ts';
import type { SequenceFrame } from './scenes.ts';

const number = z.number();
const recordingSchema = z.object({
  framesPerSecond: z.literal(10),
  truth: z.record(z.string(), z.array(z.tuple([number, number, number, number, number]))),
  detections: z.array(z.array(z.tuple([z.string(), number, number, number, number, number]))),
});

type Corner = z.output<typeof recordingSchema>['truth'][string][number];

export const RECORDED_RATE = 10;
export const RECORDINGS = ['parking', 'person', 'cars'] as const;

/** A recorded sequence (test/fixtures/tracking) at a lower rate: every so many of its frames, from the `first` on. */
export function recorded(
  name: (typeof RECORDINGS)[number],
  framesPerSecond: number,
  first = 0,
): SequenceFrame[] {
  const file = new URL(`../../fixtures/tracking/${name}.json`, import.meta.url);
  const recording = recordingSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const stride = Math.round(RECORDED_RATE / framesPerSecond);
  const frames: SequenceFrame[] = [];
  for (let index = first; index < recording.detections.length; index += stride) {
    const seconds = index / RECORDED_RATE;
    frames.push({
      timeMs: seconds * 1000,
      truth: Object.entries(recording.truth).flatMap(([id, corners]) => {
        const box = boxAt(corners, seconds);
        return box === undefined ? [] : [{ id, box }];
      }),
      detections: (recording.detections[index] ?? []).map(([label, score, ...box]) => ({
        label,
        score,
        box,
      })),
    });
  }
  return frames;
}

function boxAt(corners: readonly Corner[], seconds: number): Box | undefined {
  const next = corners.findIndex(([at]) => at >= seconds);
  const after = corners[next];
  if (after === undefined) return undefined;
  const before = corners[next - 1];
  if (before === undefined) return after[0] === seconds ? boxOf(after) : undefined;
  const share = (seconds - before[0]) / (after[0] - before[0]);
  const [a, b] = [boxOf(before), boxOf(after)];
  const between = (index: 0 | 1 | 2 | 3): number => a[index] + (b[index] - a[index]) * share;
  return [between(0), between(1), between(2), between(3)];
}

function boxOf([, left, top, width, height]: Corner): Box {
  return [left, top, width, height];
}
