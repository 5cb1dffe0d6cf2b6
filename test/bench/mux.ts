/**
 * What it costs to make chunks: our writer beside mp4box's raw box classes and its `addSample`, on the same samples.
 *
 *     node test/bench/mux.ts [samples]
 *
 * 17 KB samples, 15 to a chunk, the first a key frame. Prints media MB per CPU second (user and system), the median of the
 * rounds. The variants take turns, so that a noisy machine is noisy for all.
 */
import { BoxParser, createFile, DataStream } from 'mp4box';
import { writeChunk } from '../../fragments/cmaf/chunk.ts';
import type { Sample } from '../../fragments/media/track.ts';

const SAMPLES = Number(process.argv[2] ?? 60_000);
const SAMPLES_PER_CHUNK = 15;
const SAMPLE_BYTES = 17_000;
const ROUNDS = 7;
/** `addSample` keeps every sample, so it gets a smaller share. */
const ADD_SAMPLE_SHARE = 1 / 20;

const payloads = Array.from({ length: 64 }, (_, i) => new Uint8Array(SAMPLE_BYTES + (i % 7) * 16));
const chunks: Sample[][] = [];
for (let i = 0; i < SAMPLES; i += SAMPLES_PER_CHUNK) {
  chunks.push(
    Array.from({ length: SAMPLES_PER_CHUNK }, (_, k) => ({
      trackId: 1,
      dtsTicks: (i + k) * 3000,
      compositionOffsetTicks: (k % 3) * 3000,
      durationTicks: 3000,
      isSync: k === 0,
      data: payloads[(i + k) % payloads.length] ?? new Uint8Array(SAMPLE_BYTES),
    })),
  );
}

interface Variant {
  readonly name: string;
  /** Part of the chunks that it writes. */
  readonly share: number;
  /** Writes the chunks; answers the bytes of media and headers made. */
  write(chunks: readonly Sample[][]): number;
}

const VARIANTS: readonly Variant[] = [
  { name: 'writeChunk, list of references', share: 1, write: (all) => sum(all, writeOwn) },
  {
    name: 'writeChunk, one sample a chunk',
    share: 1,
    write: (all) =>
      sum(
        all.flat().map((one) => [one]),
        writeOwn,
      ),
  },
  {
    name: 'writeChunk + Buffer.concat',
    share: 1,
    write: (all) => sum(all, (chunk, i) => Buffer.concat(ownBuffers(chunk, i)).length),
  },
  { name: 'mp4box raw boxes, list of references', share: 1, write: (all) => sum(all, writeRaw) },
  { name: 'mp4box addSample + write', share: ADD_SAMPLE_SHARE, write: writeAddSample },
];

function sum(all: readonly Sample[][], write: (chunk: Sample[], sequence: number) => number): number {
  return all.reduce((bytes, chunk, sequence) => bytes + write(chunk, sequence), 0);
}

function writeOwn(samples: Sample[], sequence: number): number {
  const baseDecodeTicks = samples[0]?.dtsTicks ?? 0;
  return writeChunk({ sequence, runs: [{ trackId: 1, baseDecodeTicks, samples }] }).sizeBytes;
}

function ownBuffers(samples: Sample[], sequence: number): Uint8Array[] {
  const baseDecodeTicks = samples[0]?.dtsTicks ?? 0;
  return writeChunk({ sequence, runs: [{ trackId: 1, baseDecodeTicks, samples }] }).buffers;
}

function writeRaw(samples: Sample[], sequence: number): number {
  const moof = new BoxParser.box.moof();
  moof.addBox(new BoxParser.box.mfhd()).sequence_number = sequence;
  const traf = moof.addBox(new BoxParser.box.traf());
  const tfhd = traf.addBox(new BoxParser.box.tfhd());
  tfhd.track_id = 1;
  tfhd.flags = 0x02_0000;
  traf.addBox(new BoxParser.box.tfdt()).baseMediaDecodeTime = samples[0]?.dtsTicks ?? 0;
  const trun = traf.addBox(new BoxParser.box.trun());
  trun.flags = 0xf01;
  trun.version = 1;
  trun.sample_count = samples.length;
  trun.data_offset = 0;
  let dataBytes = 0;
  for (const sample of samples) {
    trun.sample_duration.push(sample.durationTicks);
    trun.sample_size.push(sample.data.length);
    trun.sample_flags.push(sample.isSync ? 0x0200_0000 : 0x0101_0000);
    trun.sample_composition_time_offset.push(sample.compositionOffsetTicks);
    dataBytes += sample.data.length;
  }
  const stream = new DataStream();
  moof.write(stream);
  stream.adjustUint32(trun.data_offset_position, moof.size + 8);
  stream.writeUint32(8 + dataBytes);
  stream.writeString('mdat');
  const buffers = [new Uint8Array(stream.buffer), ...samples.map((sample) => sample.data)];
  return buffers.reduce((bytes, buffer) => bytes + buffer.length, 0);
}

function writeAddSample(all: readonly Sample[][]): number {
  const file = createFile(true);
  const track = file.addTrack({ timescale: 90_000, width: 640, height: 360 });
  for (const { data, durationTicks, dtsTicks, compositionOffsetTicks, isSync } of all.flat()) {
    file.addSample(track, data as Uint8Array<ArrayBuffer>, {
      duration: durationTicks,
      dts: dtsTicks,
      cts: dtsTicks + compositionOffsetTicks,
      is_sync: isSync,
    });
  }
  return file.getBuffer().buffer.byteLength;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const results = new Map<Variant, { perSecond: number[]; microsPerSample: number[] }>();
for (let round = 0; round <= ROUNDS; round++) {
  for (const variant of VARIANTS) {
    const share = chunks.slice(0, Math.ceil(chunks.length * variant.share));
    const before = process.cpuUsage();
    const bytes = variant.write(share);
    const { user, system } = process.cpuUsage(before);
    if (round === 0) continue; // warms up
    const result = results.get(variant) ?? { perSecond: [], microsPerSample: [] };
    results.set(variant, result);
    result.perSecond.push(bytes / (user + system));
    result.microsPerSample.push((user + system) / (share.length * SAMPLES_PER_CHUNK));
  }
}

const [own] = VARIANTS;
const ownPerSecond = median((own && results.get(own)?.perSecond) ?? []);
console.log(`| variant | MB per CPU-s | µs CPU per sample | of writeChunk |\n| --- | --- | --- | --- |`);
for (const [{ name }, { perSecond, microsPerSample }] of results) {
  const rate = median(perSecond);
  console.log(
    `| ${name} | ${rate.toFixed(0)} | ${median(microsPerSample).toFixed(2)} | ${(rate / ownPerSecond).toFixed(3)} |`,
  );
}
