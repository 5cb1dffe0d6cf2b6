import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputShape, type Profile } from '../../../../ml/models/input-shape.ts';

const shapes = (profile: Profile, aspects: readonly number[]) =>
  aspects.map((aspect) => {
    const { width, height } = inputShape(aspect, profile);
    return `${width}x${height}`;
  });

test('16:9, 4:3, square and upright, by profile', () => {
  const aspects = [16 / 9, 4 / 3, 1, 3 / 4, 9 / 16];
  assert.deepEqual(shapes('balanced', aspects), ['512x288', '384x288', '288x288', '288x384', '288x512']);
  assert.deepEqual(shapes('fast', aspects), ['384x224', '288x224', '224x224', '224x288', '224x384']);
  assert.deepEqual(shapes('far', aspects), ['640x384', '512x384', '384x384', '384x512', '384x640']);
});

test('any shape gives multiples of 32 within bounds', () => {
  for (const aspect of [1e-9, 0.01, 0.3, 0.9, 1.1, 1.5, 1.85, 2.39, 3.56, 10, 1e9]) {
    for (const profile of ['fast', 'balanced', 'far'] as const) {
      const { width, height } = inputShape(aspect, profile);
      assert.ok(
        width % 32 === 0 &&
          height % 32 === 0 &&
          Math.min(width, height) >= 64 &&
          Math.max(width, height) <= 640,
      );
    }
  }
});
