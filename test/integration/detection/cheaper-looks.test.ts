import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLiveDecoders } from '../../../ml/decode/open-decoders.ts';
import type { Look } from '../../../ml/detect/detector.ts';
import { FaceFinder } from '../../../ml/faces/face-finder.ts';
import { ModelRegistry } from '../../../ml/models/model-registry.ts';
import { watchSettingsSchema } from '../../../ml/watch/watch-settings.ts';
import { LoadedModels } from '../../../ml/worker/loaded-models.ts';
import type { ModelSource } from '../../../ml/worker/model-source.ts';
import { WatchPipeline } from '../../../ml/worker/watch-pipeline.ts';
import { offered, videoOf } from '../../support/clip-video.ts';

const CLIP = join(import.meta.dirname, '../../../../shared/media/parking-360p-h264.mp4');

/** The models of a worker; what they are asked to look at is noted. */
function notingLooks(looks: (readonly Look[])[]): ModelSource {
  const models = new LoadedModels(new ModelRegistry(undefined));
  return {
    async open(name, options) {
      const model = await models.open(name, options);
      return {
        ...model,
        async detector(aspect) {
          const detector = await model.detector(aspect);
          const { labels, input, inputStep = 0 } = detector;
          return {
            model: detector.model,
            labels,
            input,
            inputStep,
            detect(picture, asked) {
              looks.push(asked.looks ?? []);
              return detector.detect(picture, asked);
            },
            dispose() {},
          };
        },
      };
    },
  };
}

test('a walker enters an empty parking lot: he is followed by looks that cost less than half of whole ones', async () => {
  const looks: (readonly Look[])[] = [];
  const decoders = await openLiveDecoders('auto');
  const pipeline = new WatchPipeline({
    decoders: decoders.factories,
    models: notingLooks(looks),
    faces: new FaceFinder(),
  });
  const video = await videoOf(CLIP);
  // He comes into the picture after 6.5 s; key frames are two seconds apart.
  const samples = offered(video).filter(({ ptsUs }) => ptsUs >= 6_000_000 && ptsUs < 10_000_000);
  const due = samples.filter((_, i) => i % 5 === 0).map(({ ptsUs, frame }) => ({ ptsUs, frame }));
  const { results } = await pipeline.work({
    watch: 1,
    opening: {
      name: 'live',
      stream: 'parking',
      settings: watchSettingsSchema.parse({ tier: 'fps:5', heartbeatSeconds: 60 }),
      state: undefined,
    },
    track: video.track,
    samples,
    startsAnew: true,
    flush: true,
    due,
    end: undefined,
  });
  pipeline.close();
  assert.equal(results.length, due.length);
  const skipped = results.filter(({ result }) => result.skipped === 'no-motion');
  assert.ok(skipped.length >= 1 && skipped.length <= 6, `${skipped.length} frames without motion`);
  const persons = results.filter(({ result }) => result.objects.some(({ label }) => label === 'person'));
  assert.ok(persons.length >= 10, `he is seen in ${persons.length} frames`);
  const enters = results.flatMap(({ result }) => result.events).filter(({ phase }) => phase === 'enter');
  assert.deepEqual(
    enters.map(({ type, label }) => [type, label]),
    [['object', 'person']],
  );
  // The first look is at all of the picture, as nothing is known yet.
  assert.deepEqual(
    looks[0]?.map(({ region }) => region),
    [[0, 0, 1, 1]],
  );
  const pixels = looks.flat().reduce((sum, { input }) => sum + input.width * input.height, 0);
  const whole = 512 * 288 * looks.length;
  assert.ok(pixels < whole / 2, `${pixels} pixels in ${looks.length} looks`);
});
