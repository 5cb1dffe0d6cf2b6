import { DecoderPool, type DecoderPoolOptions } from '../../ml/decode/decoder-pool.ts';
import type { MediaRoute } from '../http/media-route.ts';
import type { MediaSender } from '../http/media-sender.ts';
import type { ClipLimits } from './clip/clip.ts';
import { ClipMaker } from './clip/clip-maker.ts';
import { answerClip } from './clip/clip-route.ts';
import { answerImage } from './images/image-route.ts';
import { ImageService } from './images/image-service.ts';
import { createPlayRoute, type PlayRouteOptions } from './play-route.ts';

export interface WholeFilesSettings {
  /** Of GetClip. */
  readonly clipLimits: ClipLimits;
  readonly imageCacheBytes: number;
  readonly decoders: Omit<DecoderPoolOptions, 'now'>;
}

/** Whole files made of recordings, clips and pictures: one maker of each for all doors. */
export class WholeFiles {
  readonly clips = new ClipMaker();
  readonly decoders: DecoderPool;
  readonly images: ImageService;
  readonly settings: WholeFilesSettings;

  constructor(settings: WholeFilesSettings, now: () => number) {
    this.settings = settings;
    this.decoders = new DecoderPool({ ...settings.decoders, now });
    this.images = new ImageService(this.decoders, settings.imageCacheBytes);
  }

  /** Everything below `/play/`: these files, and HLS. */
  route(options: Omit<PlayRouteOptions, 'files'>, sender: MediaSender): MediaRoute {
    return createPlayRoute({
      ...options,
      files: {
        'clip.mp4': (call) => answerClip(this.clips, sender, call),
        'image.jpg': (call) => answerImage(this.images, sender, call),
      },
    });
  }

  /** Ends the decoders. */
  close(): Promise<void> {
    return this.decoders.close();
  }
}
