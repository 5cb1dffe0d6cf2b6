/**
 * What it costs to write MPEG-TS segments: our muxer, and our copy of a finished segment to another viewer's time line, beside
 * mediabunny's MPEG-TS output, on the same samples in one process.
 *
 *     node --expose-gc test/bench/mpegts.ts [clip]
 *
 * Media MB per CPU second (user and system), the median of the rounds; the variants take turns, so that a noisy machine is
 * noisy for all. mediabunny takes the presentation times of B-frames for decode times (libraries.md §3): what it writes is
 * timed, not looked at. Garbage of one variant is collected before the next one's turn.
 */
import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  MpegTsOutputFormat,
  NullTarget,
  Output,
} from 'mediabunny';
import type { Sample, Track } from '../../fragments/media/track.ts';
import { restamp } from '../../fragments/mpegts/restamp.ts';
import { clipPath } from '../e2e/support/media.ts';
import { readMedia } from '../unit/fragments/cmaf/support.ts';
import { fragmentsOf, muxSegment } from '../unit/fragments/mpegts/support.ts';

const CLIP = process.argv[2] ?? clipPath('parking-720p-h264.mp4');
const ROUNDS = 9;
/** So much media a round that the clock's grain does not show. */
const ROUND_BYTES = 60_000_000;

const { tracks, samples } = await readMedia(CLIP);
const fragments = fragmentsOf(tracks, samples);
const mediaBytes = samples.reduce((sum, { data }) => sum + data.length, 0);
const repeats = Math.max(1, Math.round(ROUND_BYTES / mediaBytes));
const finished = fragments.map((fragment) => muxSegment(tracks, fragment));

const VARIANTS = {
  'TsMuxer, a segment a fragment': () => {
    for (const [i, fragment] of fragments.entries()) muxSegment(tracks, fragment, { tableCounter: i });
  },
  'restamp of a finished segment': () => {
    for (const [i, segment] of finished.entries()) restamp(segment, 900_000, i);
  },
  'mediabunny MpegTsOutputFormat': muxWithMediabunny,
} as const;

async function muxWithMediabunny(): Promise<void> {
  const output = new Output({ format: new MpegTsOutputFormat(), target: new NullTarget() });
  const adders = new Map<number, (sample: Sample) => Promise<void>>();
  for (const track of tracks) adders.set(track.id, addTrack(output, track));
  await output.start();
  for (const sample of samples) await adders.get(sample.trackId)?.(sample);
  await output.finalize();
}

function addTrack(output: Output, track: Track): (sample: Sample) => Promise<void> {
  const packetOf = (sample: Sample) =>
    new EncodedPacket(
      sample.data,
      sample.isSync ? 'key' : 'delta',
      (sample.dtsTicks + sample.compositionOffsetTicks) / track.timescale,
      sample.durationTicks / track.timescale,
    );
  const { codecString: codec, config: description } = track;
  if (track.kind === 'video') {
    const source = new EncodedVideoPacketSource('avc');
    output.addVideoTrack(source);
    const decoderConfig = {
      codec,
      description,
      codedWidth: track.width ?? 0,
      codedHeight: track.height ?? 0,
    };
    return (sample) => source.add(packetOf(sample), { decoderConfig });
  }
  const source = new EncodedAudioPacketSource('aac');
  output.addAudioTrack(source);
  const { sampleRateHz: sampleRate = 0, channels: numberOfChannels = 0 } = track;
  return (sample) =>
    source.add(packetOf(sample), { decoderConfig: { codec, description, sampleRate, numberOfChannels } });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const rates = new Map<string, number[]>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, write] of Object.entries(VARIANTS)) {
    globalThis.gc?.();
    const before = process.cpuUsage();
    for (let i = 0; i < repeats; i++) await write();
    const { user, system } = process.cpuUsage(before);
    if (round === 0) continue; // warms up
    rates.set(name, [...(rates.get(name) ?? []), (mediaBytes * repeats) / (user + system)]);
  }
}

const peer = median(rates.get('mediabunny MpegTsOutputFormat') ?? []);
console.log('| variant | media MB per CPU-s | of mediabunny |\n| --- | --- | --- |');
for (const [name, perSecond] of rates) {
  console.log(`| ${name} | ${median(perSecond).toFixed(0)} | ${(median(perSecond) / peer).toFixed(1)} |`);
}
