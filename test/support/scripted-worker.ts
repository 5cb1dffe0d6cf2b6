/**
 * A real worker (process, decoders, motion gate, tracker, events) with a detector that reads the number that stands in each
 * picture of a counter clip (counter-clip.ts): a `person` that never moves, and a `picture-NUMBER`. The name of the model says
 * what else it does: `slow` takes 60 ms a picture, `hang` never answers, `die` ends the worker.
 *
 *   entry of WorkerSupervisor, in tests
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Detector } from '../../ml/detect/detector.ts';
import { WatchError } from '../../ml/supervisor/supervisor.ts';
import { startWorker } from '../../ml/worker/start-worker.ts';
import { readCounter } from './counter-clip.ts';

const SLOW_MS = 60;

function detectorOf(name: string): Detector {
  return {
    model: identityOf(name),
    labels: ['person'],
    input: { width: 320, height: 192 },
    detect: async (picture) => {
      if (name === 'slow') await delay(SLOW_MS);
      if (name === 'hang') for (;;);
      if (name === 'die') process.kill(process.pid, 'SIGSEGV');
      return [
        { label: 'person', score: 0.9, box: [0.1, 0.1, 0.2, 0.4] },
        { label: `picture-${readCounter(picture)}`, score: 0.9, box: [0.6, 0.1, 0.2, 0.4] },
      ];
    },
    dispose: () => {},
  };
}

function identityOf(name: string) {
  return { name, sha256: '0'.repeat(64) };
}

startWorker(() => ({
  models: {
    open: async (name) => {
      if (name === 'missing') throw new WatchError('no-model', 'there is no model missing');
      const detector = detectorOf(name);
      return { identity: identityOf(name), minScore: 0.5, groups: {}, detector: async () => detector };
    },
  },
  faces: { find: async () => [] },
  prepare: async () => ({ backend: 'scripted', simd: true }),
}));
