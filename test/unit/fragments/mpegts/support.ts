import type { Sample, Track } from '../../../../fragments/media/track.ts';
import { TsMuxer } from '../../../../fragments/mpegts/ts-muxer.ts';

/** Muxes samples into one segment. */
export function muxSegment(
  tracks: readonly Track[],
  samples: readonly Sample[],
  options: { readonly shiftTicks?: number; readonly tableCounter?: number; readonly batch?: number } = {},
): Buffer {
  const blocks: Buffer[] = [];
  const { batch = samples.length, ...times } = options;
  const muxer = new TsMuxer({ tracks, emit: (block) => blocks.push(block), ...times });
  for (let i = 0; i < samples.length; i += batch) muxer.write(samples.slice(i, i + batch));
  muxer.end();
  return Buffer.concat(blocks);
}

/** Cuts samples in decode order into fragments that begin at the key frames of the first track. */
export function fragmentsOf(tracks: readonly Track[], samples: readonly Sample[]): Sample[][] {
  const lead = tracks[0]?.id;
  const fragments: Sample[][] = [];
  for (const sample of samples) {
    if (fragments.length === 0 || (sample.trackId === lead && sample.isSync)) fragments.push([]);
    fragments.at(-1)?.push(sample);
  }
  return fragments;
}

export interface TsPacket {
  readonly pid: number;
  readonly counter: number;
  readonly hasPayload: boolean;
  readonly isStart: boolean;
}

/** The packets of a stream; throws when one does not begin with the sync byte. */
export function packetsOfTs(bytes: Uint8Array): TsPacket[] {
  const packets: TsPacket[] = [];
  if (bytes.length % 188 !== 0) throw new Error(`${bytes.length} bytes are no whole packets`);
  for (let at = 0; at < bytes.length; at += 188) {
    const [sync = 0, high = 0, low = 0, control = 0] = bytes.subarray(at, at + 4);
    if (sync !== 0x47) throw new Error(`no sync byte at ${at}`);
    packets.push({
      pid: ((high & 0x1f) << 8) | low,
      counter: control & 15,
      hasPayload: (control & 0x10) !== 0,
      isStart: (high & 0x40) !== 0,
    });
  }
  return packets;
}
