import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** G.711 needs no decoder configuration, VP8 next to none: tracks whose samples may be any bytes. */
export const VIDEO: Track = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'vp8',
  timescale: 90_000,
  config: Buffer.from('01000000000a820202020000', 'hex'),
  width: 640,
  height: 360,
});
export const AUDIO: Track = {
  id: 2,
  kind: 'audio',
  codec: 'pcmu',
  timescale: 90_000,
  config: new Uint8Array(),
  codecString: 'ulaw',
  sampleRateHz: 8000,
  channels: 1,
};

/** A sample at a time in ms. */
export function sampleAt(
  track: Track,
  dtsMs: number,
  options: { isSync?: boolean; offsetMs?: number; data?: Uint8Array; bytes?: number } = {},
): Sample {
  return {
    trackId: track.id,
    dtsTicks: Math.round((dtsMs * track.timescale) / 1000),
    compositionOffsetTicks: Math.round(((options.offsetMs ?? 0) * track.timescale) / 1000),
    durationTicks: 0,
    isSync: options.isSync ?? track.kind !== 'video',
    data: options.data ?? Buffer.alloc(options.bytes ?? 10, track.id),
  };
}

/** 25 fps with a key frame a second, audio frames of 20 ms, in the order of their times. */
export function camera(fromMs: number, toMs: number, gopMs = 1000): Sample[] {
  const samples: Sample[] = [];
  for (let ms = fromMs; ms < toMs; ms += 20) {
    if (ms % 40 === 0) samples.push(sampleAt(VIDEO, ms, { isSync: ms % gopMs === 0 }));
    samples.push(sampleAt(AUDIO, ms));
  }
  return samples;
}
