import type { ProbedPacket } from '../../../e2e/support/media.ts';

/** Presentation times of the packets of a kind in their order of decoding, from the earliest one on, in whole ms. */
export function presentationTimes(packets: readonly ProbedPacket[], type: ProbedPacket['type']): number[] {
  const own = packets.filter((packet) => packet.type === type);
  const startMs = Math.min(...own.map(({ ptsMs }) => ptsMs));
  return own.map(({ ptsMs }) => Math.round(ptsMs - startMs));
}
