import type { DecodableTrack } from './declared-size.ts';
import type { JobSample } from './decode-job.ts';

/** A white picture of 64 x 64 in each codec: what a decoder is tried with before cameras rely on it. */
export interface TinyPicture {
  readonly track: DecodableTrack;
  readonly sample: JobSample;
}

const SIZE = { width: 64, height: 64 };

/** Made with ffmpeg (`color=c=white:s=64x64`): libx264, libx265, libvpx, libvpx-vp9, libaom-av1. */
export const TINY_PICTURES: readonly TinyPicture[] = [
  tiny(
    'h264',
    'avc1.64000a',
    'AWQACv/hABhnZAAKrNlEJsBEAAADAAQAAAMACDxIllgBAAZo6+PLIsD9+PgA',
    'AAAAImWIhAAV//73ye/AputbW7W/k89I+HvGUA+sGavr20h/+zE=',
  ),
  tiny(
    'h265',
    'hvc1.1.6.L30.90',
    'AQFgAAAAkAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wFgAAADAJAAAAMAAAMAHpWYCSEAAQApQgEBAWAAAAMAkAAAAwAAAwAeoCCBBZZWaSTK8BaAgAAA' +
      'AwCAAAADAIQiAAEAB0QBwXK0IkA=',
    'AAAADygBrxOA5mjjv/z0z8f2zw==',
  ),
  tiny('vp8', 'vp08.00.10.08', 'AQAAAAAKggICAgAA', '8AIAnQEqQABAAABHCIWFiJmEiAICAAZwPEJgCrIg9zAA/v+j3gA='),
  tiny('vp9', 'vp09.00.10.08', 'AQAAAAAKggICAgAA', 'gkmDQgAD8AP2ADgkHBhKAAAwYAAAZz///1IRCd2Y'),
  tiny('av1', 'av01.0.00M.08', 'gQAMAAoKAAAAAq//m18gCA==', 'CgoAAAACr/+bXyAIMg4QAMAAAAKAAAAKAZPHgA=='),
];

function tiny(
  codec: DecodableTrack['codec'],
  codecString: string,
  config: string,
  data: string,
): TinyPicture {
  return {
    track: { codec, codecString, config: Buffer.from(config, 'base64'), ...SIZE },
    sample: { dtsUs: 0, ptsUs: 0, isSync: true, data: Buffer.from(data, 'base64') },
  };
}
