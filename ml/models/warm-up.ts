import type { Detector } from '../detect/detector.ts';
import { RgbPicture } from '../picture/rgb-picture.ts';

/** The first run of a model compiles it, and takes up to ten times as long: before a camera waits for it, it is shown a grey picture. */
export async function warmUp(detector: Detector): Promise<void> {
  const { width, height } = detector.input;
  const grey = new RgbPicture(new Uint8Array(width * height * 3).fill(114), width, height);
  await detector.detect(grey, { minScore: 1 });
}
