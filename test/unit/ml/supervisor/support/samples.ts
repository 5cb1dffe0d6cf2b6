import type { Track } from '../../../../../fragments/media/track.ts';
import type { OfferedSample } from '../../../../../ml/supervisor/supervisor.ts';

/** Nothing decodes it. */
export const TRACK: Track = {
  id: 1,
  kind: 'video',
  codec: 'vp8',
  codecString: 'vp08.00.10.08',
  timescale: 1000,
  config: new Uint8Array(0),
  width: 640,
  height: 360,
};

export interface MadeSample {
  /** Number of the picture; 25 a second. */
  readonly n: number;
  readonly isSync?: boolean;
  readonly data?: string;
  readonly isDiscontinuous?: boolean;
  readonly sizeBytes?: number;
}

/** Sample number n of a stream with 25 pictures a second and a key frame every two seconds. */
export function sample({
  n,
  isSync = n % 50 === 0,
  data = '',
  isDiscontinuous = false,
  sizeBytes,
}: MadeSample): OfferedSample {
  return {
    track: TRACK,
    dtsUs: n * 40_000,
    ptsUs: n * 40_000,
    isSync,
    data: sizeBytes === undefined ? Buffer.from(data) : Buffer.alloc(sizeBytes),
    frame: { fragmentNumber: `${n}`, offsetMs: 0, producerMs: n * 40, serverMs: n * 40 },
    isDiscontinuous,
  };
}
