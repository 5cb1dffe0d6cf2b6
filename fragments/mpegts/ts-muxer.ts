import type { Sample, Track } from '../media/track.ts';
import { AccessUnit } from './access-unit.ts';
import { type ElementaryStream, elementaryStreamOf } from './elementary-stream.ts';
import { type PacketStream, PacketWriter } from './packet-writer.ts';
import { TsError } from './ts-error.ts';
import { FIRST_STREAM_PID, TS_TIMESCALE } from './ts-packet.ts';

/** How far the clock is behind the decode times: what a decoder may buffer. */
const CLOCK_LEAD_TICKS = TS_TIMESCALE / 10;
/**
 * ISO 13818-1 §2.7.2: clock references come at least every 100 ms. One is put in front of the first sample this much after the
 * one before, and samples are mostly less than 40 ms apart.
 */
const CLOCK_INTERVAL_TICKS = 0.06 * TS_TIMESCALE;

export interface TsMuxerOptions {
  /** Of these all samples are carried; those of other tracks are passed over. */
  readonly tracks: readonly Track[];
  /** Takes the packets, in blocks of whole ones; nobody writes to them afterwards. */
  readonly emit: (block: Buffer) => void;
  /** Added to all times, in ticks of 90 kHz. */
  readonly shiftTicks?: number;
  /** Continuity counter of the tables: the number of segments before this one. */
  readonly tableCounter?: number;
}

interface CarriedTrack {
  readonly stream: ElementaryStream;
  readonly packets: PacketStream;
  readonly ticksPerTick: number;
  /** Of the current samples: how far the earliest picture is shown before it would be decoded. */
  lateTicks: number;
}

/**
 * Writes one MPEG-TS segment: PAT and PMT, then a PES packet for each sample in decode order. A segment knows nothing of those
 * before it, and yet is continuous with them (PacketWriter.writePes, `tableCounter`). PTS are those of the samples;
 * "the DTS shall be less than or equal to the PTS": where composition offsets are negative, all DTS of the track move back.
 *
 * Throws TsError when made for tracks that a transport stream cannot carry.
 */
export class TsMuxer {
  readonly #carried = new Map<number, CarriedTrack>();
  readonly #writer: PacketWriter;
  readonly #shiftTicks: number;
  readonly #clockTrack: CarriedTrack;
  readonly #unit = new AccessUnit();
  /** The last sample of each track, until it is known whether it is the last of all. */
  #held: Sample[] = [];
  #lastClock: number | undefined;

  constructor(options: TsMuxerOptions) {
    const { tracks } = options;
    for (const [index, track] of tracks.entries()) {
      const stream = elementaryStreamOf(track);
      const pid = FIRST_STREAM_PID + index;
      this.#carried.set(track.id, {
        stream,
        packets: { pid, streamId: stream.streamId, counter: 0 },
        ticksPerTick: TS_TIMESCALE / track.timescale,
        lateTicks: 0,
      });
    }
    const clockTrack = this.#carried.get((tracks.find(({ kind }) => kind === 'video') ?? tracks[0])?.id ?? 0);
    if (clockTrack === undefined) throw new TsError('no-tracks', 'there is no track to carry');
    this.#clockTrack = clockTrack;
    this.#shiftTicks = options.shiftTicks ?? 0;
    this.#writer = new PacketWriter(options.emit);
    const streams = Array.from(this.#carried.values(), ({ stream, packets }) => ({
      pid: packets.pid,
      streamType: stream.streamType,
    }));
    this.#writer.writeTables(streams, clockTrack.packets.pid, options.tableCounter ?? 0);
  }

  /** Takes the next samples, in decode order over all tracks. */
  write(samples: readonly Sample[]): void {
    const lastOf = new Map<number, Sample>();
    for (const sample of samples) {
      const track = this.#carried.get(sample.trackId);
      if (track === undefined) continue;
      if (!lastOf.has(sample.trackId)) track.lateTicks = 0;
      track.lateTicks = Math.max(track.lateTicks, -sample.compositionOffsetTicks);
      lastOf.set(sample.trackId, sample);
    }
    const held = this.#held;
    this.#held = [...lastOf.values()];
    for (const sample of held) {
      if (lastOf.has(sample.trackId)) this.#writeSample(sample, false);
      else this.#held.push(sample);
    }
    for (const sample of samples) if (lastOf.get(sample.trackId) !== sample) this.#writeSample(sample, false);
  }

  /** No more samples come: writes what is left. */
  end(): void {
    const seconds = (sample: Sample): number =>
      sample.dtsTicks * (this.#carried.get(sample.trackId)?.ticksPerTick ?? 0);
    for (const sample of this.#held.toSorted((a, b) => seconds(a) - seconds(b)))
      this.#writeSample(sample, true);
    this.#held = [];
    this.#writer.flush();
  }

  #writeSample(sample: Sample, isLast: boolean): void {
    const track = this.#carried.get(sample.trackId);
    if (track === undefined) return;
    const { stream, packets, ticksPerTick, lateTicks } = track;
    const shift = this.#shiftTicks;
    const dts = Math.round((sample.dtsTicks - lateTicks) * ticksPerTick) + shift;
    const pts = Math.round((sample.dtsTicks + sample.compositionOffsetTicks) * ticksPerTick) + shift;
    const clock = this.#clockAt(dts);
    if (clock !== undefined && track !== this.#clockTrack) {
      this.#writer.writeClock(this.#clockTrack.packets, clock);
    }
    this.#unit.clear();
    stream.append(sample, this.#unit);
    this.#writer.writePes(packets, {
      unit: this.#unit,
      pts,
      dts,
      clock: track === this.#clockTrack ? clock : undefined,
      isSync: sample.isSync && track === this.#clockTrack,
      isLast,
    });
  }

  /** The clock for a packet that is sent now, when it is time for one. */
  #clockAt(dts: number): number | undefined {
    if (this.#lastClock !== undefined && dts < this.#lastClock + CLOCK_INTERVAL_TICKS) return undefined;
    this.#lastClock = dts;
    return dts - CLOCK_LEAD_TICKS;
  }
}
