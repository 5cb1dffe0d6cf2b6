import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Box } from '../../../../ml/geometry/box.ts';
import {
  type KnownObject,
  type LookPlan,
  LookPlanner,
  type LookPlannerSettings,
  lookedAt,
  seenWhole,
} from '../../../../ml/motion/look-planner.ts';
import type { Motion } from '../../../../ml/motion/motion-gate.ts';

const SETTINGS: LookPlannerSettings = {
  motionGate: true,
  heartbeatSeconds: 5,
  input: { width: 512, height: 288 },
  inputStep: 32,
};
const STILL: Motion = { isOpen: false, isNewScene: false, moving: [], changed: [] };
const moving = (...boxes: Box[]): Motion => ({ ...STILL, isOpen: true, moving: boxes });
const WALKER: KnownObject = { trackId: 'walker', box: [0.3, 0.4, 0.05, 0.2], isConfirmed: true };

/** A planner five times a second; what it looks at finds the objects that are given. */
function watching(settings: Partial<LookPlannerSettings> = {}) {
  const planner = new LookPlanner({ ...SETTINGS, ...settings });
  let timeMs = 0;
  return (
    motion: Motion,
    objects: readonly KnownObject[],
    boxes = objects.map(({ box }) => box),
  ): LookPlan => {
    timeMs += 200;
    const plan = planner.plan(motion, timeMs);
    const detections = boxes.map((box) => ({ label: 'person', score: 0.5, box }));
    if (!('skip' in plan)) planner.learn({ ...plan, timeMs, detections, objects });
    return plan;
  };
}

function kindOf(plan: LookPlan): 'skip' | 'whole' | 'parts' {
  if ('skip' in plan) return 'skip';
  return plan.isWhole ? 'whole' : 'parts';
}

function regionsOf(plan: LookPlan): readonly Box[] {
  assert.ok(!('skip' in plan));
  return plan.looks.map(({ region }) => region);
}

function shows(plan: LookPlan, box: Box): boolean {
  return regionsOf(plan).some(
    (region) =>
      region[0] <= box[0] &&
      region[1] <= box[1] &&
      region[0] + region[2] >= box[0] + box[2] &&
      region[1] + region[3] >= box[1] + box[3],
  );
}

test('the first frame, a new scene and every fifth second are looked at as a whole, what stands still is not looked at', () => {
  const next = watching();
  const plans = Array.from({ length: 61 }, () => kindOf(next(STILL, [])));
  assert.deepEqual(
    plans.flatMap((plan, i) => (plan === 'whole' ? [i] : [])),
    [0, 25, 50],
  );
  assert.ok(plans.every((plan) => plan !== 'parts'));
  assert.equal(kindOf(next({ ...STILL, isOpen: true, isNewScene: true }, [])), 'whole');
});

test('where something moves is looked at, with all of the object that moves', () => {
  const next = watching();
  next(STILL, [WALKER]);
  assert.equal(kindOf(next(STILL, [WALKER])), 'skip');
  const plan = next(moving([0.34, 0.42, 0.02, 0.05]), [WALKER]);
  assert.equal(kindOf(plan), 'parts');
  assert.ok(shows(plan, WALKER.box));
  const [region] = regionsOf(plan);
  assert.ok((region?.[2] ?? 1) * (region?.[3] ?? 1) < 0.25);
});

test('what has slowly changed is looked at', () => {
  const next = watching();
  next(STILL, []);
  const plan = next({ ...STILL, isOpen: true, changed: [[0.6, 0.6, 0.1, 0.1]] }, []);
  assert.ok(shows(plan, [0.6, 0.6, 0.1, 0.1]));
});

test('what is not believed yet is looked at again, for two seconds', () => {
  const next = watching();
  const stain = { ...WALKER, isConfirmed: false };
  next(STILL, [stain]);
  const plans = Array.from({ length: 20 }, () => next(STILL, [stain]));
  assert.ok(plans.slice(0, 10).every((plan) => kindOf(plan) === 'parts' && shows(plan, stain.box)));
  assert.ok(plans.slice(10).every((plan) => kindOf(plan) === 'skip'));
});

test('what was lost is looked for where it was, once a second, until it is found', () => {
  const next = watching({ heartbeatSeconds: 60 });
  next(STILL, [WALKER]);
  next(moving(WALKER.box), []);
  const plans = Array.from({ length: 20 }, () => next(STILL, []));
  const looks = plans.filter((plan) => kindOf(plan) !== 'skip');
  assert.ok(looks.length >= 3 && looks.length <= 5, `${looks.length}`);
  assert.ok(looks.every((plan) => shows(plan, WALKER.box)));
  while (kindOf(next(STILL, [WALKER])) === 'skip');
  assert.ok(Array.from({ length: 20 }, () => next(STILL, [WALKER])).every((plan) => kindOf(plan) === 'skip'));
});

test('what was lost for ten seconds is given up', () => {
  const next = watching({ heartbeatSeconds: 3600 });
  next(STILL, [WALKER]);
  next(moving(WALKER.box), []);
  const plans = Array.from({ length: 100 }, () => kindOf(next(STILL, [])));
  assert.ok(plans.slice(0, 50).includes('parts'));
  assert.ok(plans.slice(60).every((plan) => plan === 'skip'));
});

test('what ends where a look ended is not passed on, and seen whole in the next frame', () => {
  const next = watching();
  next(STILL, []);
  const first = next(moving([0.5, 0.5, 0.05, 0.05]), []);
  const [[left = 0, top = 0, width = 0] = []] = regionsOf(first);
  const cut: Box = [left + width - 0.1, top + 0.1, 0.1, 0.1];
  assert.ok(!('skip' in first));
  assert.deepEqual(seenWhole([{ label: 'car', score: 0.6, box: cut }], first), []);
  assert.deepEqual(lookedAt(first), regionsOf(first));
  next(moving([0.5, 0.5, 0.05, 0.05]), [], [cut]);
  const after = next(STILL, []);
  assert.equal(kindOf(after), 'parts');
  const [[nextLeft = 0, , nextWidth = 0] = []] = regionsOf(after);
  assert.ok(nextLeft + nextWidth > left + width);
});

test('large objects are looked at with fewer pixels, once a second with all', () => {
  const next = watching();
  const near: KnownObject = { trackId: 'near', box: [0.4, 0.1, 0.15, 0.8], isConfirmed: true };
  next(STILL, [near]);
  const widths = Array.from({ length: 20 }, () => {
    const plan = next(moving([0.45, 0.3, 0.1, 0.2]), [near]);
    assert.ok(!('skip' in plan) && shows(plan, near.box));
    return plan.looks.map(({ input, region }) => input.width / (region[2] * 512))[0] ?? 0;
  });
  assert.ok(widths.filter((scale) => scale < 0.6).length >= 14);
  assert.ok(widths.filter((scale) => scale > 0.99).length >= 3);
});

test('known small objects are seen larger, not beside a larger one, and not what is new', () => {
  const scaleOf = (objects: readonly KnownObject[], place: Box) => {
    const next = watching();
    next(STILL, objects);
    const plan = next(moving(place), objects);
    assert.ok(!('skip' in plan));
    return plan.looks.map(({ input, region }) => Math.round((10 * input.width) / (region[2] * 512)) / 10);
  };
  const child: KnownObject = { ...WALKER, trackId: 'child', box: [0.3, 0.4, 0.05, 0.1] };
  const car: KnownObject = { ...WALKER, trackId: 'car', box: [0.32, 0.4, 0.2, 0.15] };
  assert.deepEqual(scaleOf([WALKER], WALKER.box), [1.5]);
  assert.deepEqual(scaleOf([{ ...WALKER, isConfirmed: false }], WALKER.box), [1.5]);
  assert.deepEqual(scaleOf([WALKER, child], WALKER.box), [1.5]);
  assert.deepEqual(scaleOf([child, car], child.box), [1]);
  assert.deepEqual(scaleOf([], child.box), [1]);
});

test('a look at the whole picture says so', () => {
  const plan = watching()(STILL, []);
  assert.ok(!('skip' in plan));
  assert.equal(lookedAt(plan), undefined);
  const atEdge = [{ label: 'car', score: 0.5, box: [0.9, 0.9, 0.1, 0.1] as const }];
  assert.deepEqual(seenWhole(atEdge, plan), atEdge);
});

test('without the gate, with a model of one size, and with frames seconds apart only whole pictures are looked at', () => {
  const ungated = watching({ motionGate: false });
  assert.ok(Array.from({ length: 10 }, () => ungated(STILL, [])).every((plan) => kindOf(plan) === 'whole'));
  const { inputStep: _, ...oneSize } = SETTINGS;
  const planner = new LookPlanner(oneSize);
  const first = planner.plan(STILL, 0);
  assert.ok(!('skip' in first));
  planner.learn({ ...first, timeMs: 0, detections: [], objects: [] });
  assert.equal(kindOf(planner.plan(STILL, 200)), 'skip');
  assert.equal(kindOf(planner.plan(moving([0.5, 0.5, 0.1, 0.1]), 400)), 'whole');
  const sparse = new LookPlanner({ ...SETTINGS, heartbeatSeconds: 60 });
  sparse.learn({ looks: [], isWhole: true, timeMs: 0, detections: [], objects: [] });
  sparse.plan(STILL, 0);
  assert.equal(kindOf(sparse.plan(STILL, 2000)), 'skip');
  assert.equal(kindOf(sparse.plan(moving([0.5, 0.5, 0.1, 0.1]), 4000)), 'whole');
});

test('time that goes back is followed by a look at the whole picture, not by none for ever', () => {
  const planner = new LookPlanner(SETTINGS);
  const first = planner.plan(STILL, 1_000_000);
  assert.ok(!('skip' in first));
  planner.learn({ ...first, timeMs: 1_000_000, detections: [], objects: [] });
  assert.equal(kindOf(planner.plan(STILL, 1000)), 'whole');
});
