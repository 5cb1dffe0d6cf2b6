import { CodecError } from './codec-error.ts';

/** G.711: one byte a sample and channel, no configuration at all. */

/** The rate of the recommendation and of every telephone; other rates must be told. */
export const G711_SAMPLE_RATE_HZ = 8000;

/** Sample frames in a packet. Throws CodecError when the bytes do not fill whole frames. */
export function g711SampleFrames(packetBytes: number, channels: number): number {
  const frames = packetBytes / channels;
  if (!Number.isInteger(frames)) {
    throw new CodecError('invalid', `${packetBytes} bytes of G.711 in ${channels} channels`);
  }
  return frames;
}
