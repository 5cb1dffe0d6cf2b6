import { startWorker } from '../../../../ml/worker/start-worker.ts';
import { readCounter } from '../../../support/counter-clip.ts';

/** A worker whose model reads the number that stands in a picture: what it finds is called after it. All else is the real thing. */
const identity = { name: 'counter', sha256: 'c0'.repeat(32) };

startWorker(() => ({
  models: {
    open: async () => ({
      identity,
      minScore: 0.5,
      groups: {},
      detector: async () => ({
        model: identity,
        labels: [],
        input: { width: 320, height: 192 },
        detect: async (picture) => [
          { label: `picture ${readCounter(picture)}`, score: 0.9, box: [0.4, 0.4, 0.2, 0.2] },
        ],
        dispose: () => {},
      }),
    }),
  },
  faces: { find: async () => [] },
  prepare: async () => ({ backend: 'none', simd: false }),
}));
