import { hash } from 'node:crypto';
import { EVENT_SCHEMA } from '../../../ml/events/detection-event.ts';
import {
  type DetectionSupervisor,
  type OfferedSample,
  type Watch,
  WatchError,
  type WatchOptions,
} from '../../../ml/supervisor/supervisor.ts';
import type { WatchResult } from '../../../ml/supervisor/watch-result.ts';
import type { FrameRef } from '../../../ml/watch/frame.ts';

const MODEL = { name: 'scripted', sha256: '0'.repeat(64) };

/** Looks at key frames without pixels: every one has one object, whose score is the count of those seen so far. */
export class ScriptedSupervisor implements Pick<DetectionSupervisor, 'watch'> {
  /** Names of the frames that were looked at, in order. */
  readonly looked: string[] = [];
  /** Called before each look. */
  beforeLook: (frame: FrameRef) => void | Promise<void> = () => {};

  watch(options: WatchOptions): Watch {
    let seen = Number((options.state?.tracker as { seen?: number } | undefined)?.seen ?? 0);
    let isClosed = false;
    let work: Promise<void> = Promise.resolve();
    const tell = async (frame: FrameRef, phase: 'update' | 'leave') => {
      const id = hash('sha256', `${options.stream}${options.name}${phase}${frame.fragmentNumber}`).slice(
        0,
        26,
      );
      const result: WatchResult = {
        frame,
        picture: phase === 'update' ? { width: 640, height: 360 } : undefined,
        skipped: undefined,
        model: MODEL,
        objects: [],
        faces: [],
        events: [
          {
            schema: EVENT_SCHEMA,
            id,
            stream: options.stream,
            watch: options.name,
            type: 'object',
            phase,
            fragmentNumber: frame.fragmentNumber,
            frameOffsetMs: frame.offsetMs,
            producerMs: frame.producerMs,
            serverMs: frame.serverMs,
            model: MODEL,
            label: 'person',
            group: 'person',
            score: seen,
            trackId: 'one',
          },
        ],
        state: { tracker: { seen }, rules: null, events: null, faces: null },
        timings: { decodeMs: 0, inferMs: 0, totalMs: 0 },
      };
      await options.onResult(result);
    };
    const look = async ({ frame, isSync, isDue }: OfferedSample) => {
      if (!isSync || isDue === false) return;
      await this.beforeLook(frame);
      if (isClosed) return;
      seen += 1;
      this.looked.push(frame.fragmentNumber);
      await tell(frame, 'update');
    };
    return {
      status: { state: 'watching', message: '', tier: options.settings.tier, lagMs: undefined },
      offer: (sample) => {
        if (isClosed) return Promise.reject(new WatchError('closed', 'the watch is closed'));
        work = work.then(() => look(sample));
        return work;
      },
      drained: () => work,
      configure: () => {},
      end: (frame) => tell(frame, 'leave'),
      close: () => {
        isClosed = true;
      },
    };
  }
}
