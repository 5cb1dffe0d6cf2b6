/**
 * Sample flags (ISO 14496-12 §8.8.3.1) as Framelog writes them: sample_depends_on in bits 24-25, and
 * sample_is_non_sync_sample in bit 16.
 */

/** "does not depend on others (I picture)". */
export const SYNC_SAMPLE_FLAGS = 0x0200_0000;
/** "depends on others", and is not a sync sample. */
export const NON_SYNC_SAMPLE_FLAGS = 0x0101_0000;

const IS_NON_SYNC = 0x0001_0000;

export function isSyncSample(flags: number): boolean {
  return (flags & IS_NON_SYNC) === 0;
}

/** Bits of `tfhd` (§8.8.7) and `trun` (§8.8.8): which optional fields are present. */
export const TrackFragmentFlag = {
  baseDataOffset: 0x00_0001,
  sampleDescriptionIndex: 0x00_0002,
  defaultDuration: 0x00_0008,
  defaultSize: 0x00_0010,
  defaultFlags: 0x00_0020,
  defaultBaseIsMoof: 0x02_0000,
} as const;

export const TrackRunFlag = {
  dataOffset: 0x00_0001,
  firstSampleFlags: 0x00_0004,
  duration: 0x00_0100,
  size: 0x00_0200,
  flags: 0x00_0400,
  compositionOffset: 0x00_0800,
} as const;
