import { open } from 'node:fs/promises';
import { fileSource } from '../../fragments/cmaf/file-source.ts';
import { openMp4 } from '../../fragments/cmaf/mp4-file.ts';
import { DecoderPool } from '../../ml/decode/decoder-pool.ts';
import { pictureOfFile } from '../../ml/picture/picture-of-file.ts';
import type { RgbPicture } from '../../ml/picture/rgb-picture.ts';
import { CommandError } from './usage-error.ts';

/** A picture of a clip. */
export interface ClipPicture {
  /** Presentation time. */
  readonly atMs: number;
  readonly picture: RgbPicture;
}

/**
 * The key frames of an MP4 file, decoded in a process of their own. Throws CommandError, Mp4Error, CodecError, DecodeError, or the
 * file system's error.
 */
export async function* clipPictures(path: string): AsyncGenerator<ClipPicture> {
  const handle = await open(path);
  const decoders = new DecoderPool({
    decoder: 'auto',
    processes: 1,
    jobTimeoutMs: 30_000,
    maxRssBytes: 700 * 1024 * 1024,
    maxWaiting: 1,
    maxWaitMs: 30_000,
    idleMs: 60_000,
    recycleRssBytes: 450 * 1024 * 1024,
    now: Date.now,
  });
  try {
    const { size } = await handle.stat();
    const file = await openMp4(fileSource(handle, size));
    const track = file.tracks.find(({ kind }) => kind === 'video');
    if (track === undefined) throw new CommandError(`${path} has no pictures`);
    for await (const sample of file.samples()) {
      if (sample.trackId !== track.id || !sample.isSync) continue;
      const ptsTicks = sample.dtsTicks + sample.compositionOffsetTicks;
      const ptsUs = Math.round((ptsTicks * 1_000_000) / track.timescale);
      const [png] = await decoders.decode(path, {
        track,
        samples: [{ dtsUs: ptsUs, ptsUs, isSync: true, data: sample.data }],
        wantedUs: [ptsUs],
        format: { type: 'png' },
      });
      if (png !== undefined) yield { atMs: ptsUs / 1000, picture: await pictureOfFile(png) };
    }
  } finally {
    await decoders.close();
    await handle.close();
  }
}
