import { setImmediate } from 'node:timers/promises';
import { samplesOf } from '../../../../fragments/cmaf/read-chunk.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import type { FragmentNews } from '../../../../fragments/stream/fragment-delivery.ts';
import { MemoryLiveWindow } from '../../../../fragments/stream/memory-live-window.ts';
import { StreamNumbering } from '../../../../fragments/stream/stream-numbering.ts';
import {
  DEFAULT_STREAM_SETTINGS,
  type StreamSettings,
} from '../../../../fragments/stream/stream-settings.ts';
import { StreamWriter } from '../../../../fragments/stream/stream-writer.ts';
import { AUDIO, NOW_MS, VIDEO } from './media.ts';
import { MemoryLog } from './memory-log.ts';

/** A stream on a log in memory, with what was reported of it. */
export class WriterRig {
  readonly log = new MemoryLog();
  readonly settings: StreamSettings;
  readonly numbering: StreamNumbering;
  readonly window: MemoryLiveWindow;
  readonly news: FragmentNews[] = [];
  writer: StreamWriter;
  nowMs = NOW_MS;

  constructor(settings: Partial<StreamSettings> = {}, tracks: readonly Track[] = [VIDEO, AUDIO]) {
    this.settings = { ...DEFAULT_STREAM_SETTINGS, ...settings };
    this.numbering = new StreamNumbering(this.log.end, 0, () => 7);
    this.window = new MemoryLiveWindow(this.settings, this.log.end.nextOrdinal);
    this.writer = this.startSession(tracks);
  }

  startSession(tracks: readonly Track[] = [VIDEO, AUDIO]): StreamWriter {
    const { log, window, numbering, settings } = this;
    this.writer = new StreamWriter({
      log,
      window,
      numbering,
      settings,
      onFragment: (news) => this.news.push(news),
    });
    this.writer.setTracks(tracks);
    return this.writer;
  }

  /** Writes samples as they would arrive in real time by their decode time. */
  write(samples: readonly Sample[], tracks: readonly Track[] = [VIDEO, AUDIO]): void {
    const startMs = this.nowMs;
    for (const sample of samples) {
      const timescale = tracks.find(({ id }) => id === sample.trackId)?.timescale ?? 1000;
      this.nowMs = Math.max(this.nowMs, startMs + (sample.dtsTicks * 1000) / timescale);
      this.writer.write(sample, this.nowMs);
    }
  }

  /** Lets the log's answers arrive: they are there, only their callbacks wait. */
  async settle(): Promise<void> {
    await setImmediate();
  }

  /** The samples of all durable fragments, as a reader finds them. */
  stored(tracks: readonly Track[] = [VIDEO, AUDIO]): Sample[][] {
    return this.log.fragments.map(({ ordinal }) => samplesOf(this.log.bytesOf(ordinal), tracks));
  }
}
