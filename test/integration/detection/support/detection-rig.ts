import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SyncGroup } from '../../../../fragments/log/sync-group.ts';
import type { Sample, Track } from '../../../../fragments/media/track.ts';
import { LogStore } from '../../../../fragments/stream/log-store.ts';
import { DEFAULT_STREAM_SETTINGS } from '../../../../fragments/stream/stream-settings.ts';
import type { DetectionEvent } from '../../../../ml/events/detection-event.ts';
import type { DetectionSupervisor } from '../../../../ml/supervisor/supervisor.ts';
import type { FrameRef } from '../../../../ml/watch/frame.ts';
import { SqliteCatalog } from '../../../../server/catalog/sqlite-catalog.ts';
import type { OpenFurtherEvents } from '../../../../server/detection/further-events.ts';
import { type Detection, openDetection } from '../../../../server/detection/open-detection.ts';
import { DataStreams } from '../../../../server/records/data-streams.ts';
import { RecordStore } from '../../../../server/records/log/record-store.ts';
import { StreamRegistry } from '../../../../server/streams/stream-registry.ts';
import type { Publication } from '../../../../server/streams/stream-service.ts';
import { ManualClock, settle } from '../../../unit/fragments/log/support/manual-clock.ts';
import { MemoryStore } from '../../../unit/fragments/log/support/memory-store.ts';
import { AUDIO, NOW_MS, VIDEO } from '../../../unit/fragments/stream/media.ts';
import { eventOf } from '../../../unit/server/detection/support/events.ts';
import {
  type Script,
  ScriptedSupervisor,
} from '../../../unit/server/detection/support/scripted-supervisor.ts';

/** Streams on a disk, watched by a script; time moves when it is told to. */
export interface DetectionRig {
  readonly clock: ManualClock;
  readonly streams: StreamRegistry;
  readonly catalog: SqliteCatalog;
  readonly records: DataStreams;
  readonly detection: Detection;
  readonly supervisor: ScriptedSupervisor;
  /** Lines that were logged. */
  readonly lines: string[];
  publish(stream: string, tracks?: readonly Track[]): Promise<Camera>;
  /** `type/phase` of all that was stored of a stream. */
  said(stream: string): string[];
  /** As the server ends, or as it is killed: nothing is told to anybody. */
  stop(how?: 'close' | 'kill'): Promise<void>;
}

/** A camera that sends what it is told to. */
export interface Camera {
  readonly publication: Publication;
  send(samples: readonly Sample[]): Promise<void>;
  end(): Promise<void>;
}

export interface RigOptions {
  readonly script?: Script;
  readonly defaultTier?: string;
  readonly folder?: string;
  readonly clock?: ManualClock;
  readonly eventsOf?: OpenFurtherEvents;
  /** Who looks instead of the script. */
  readonly looking?: DetectionSupervisor;
}

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-detection-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function startRig(t: TestContext, options: RigOptions = {}): DetectionRig {
  const { folder = tempFolder(t), clock = new ManualClock(NOW_MS), defaultTier = 'keyframes' } = options;
  const catalog = SqliteCatalog.open(join(folder, 'catalog.db'));
  const logs = new LogStore({ directory: folder, syncPolicy: 'none' });
  const syncGroup = new SyncGroup({ policy: 'fragment', intervalMs: 100, clock });
  const records = new DataStreams({
    catalog: catalog.records,
    store: new RecordStore({ store: new MemoryStore(), syncGroup }),
    enforceLimits: false,
  });
  const supervisor = new ScriptedSupervisor(options.script);
  const lines: string[] = [];
  const log = (_fields: object, message?: string) => lines.push(message ?? '');
  const detection = openDetection({
    dataDir: folder,
    settings: { defaultTier, dataStream: 'framelog-events', retentionHours: null, maxEvents: 10_000 },
    supervisor: options.looking ?? supervisor,
    streams: { peek: (name) => streams.peek(name), record: (name) => streams.record(name) },
    configurations: catalog.configurations,
    records,
    ...(options.eventsOf === undefined ? {} : { eventsOf: options.eventsOf }),
    clock,
    logger: { info: log, warn: log, error: log },
  });
  const streams: StreamRegistry = new StreamRegistry({
    catalog,
    logs,
    settings: DEFAULT_STREAM_SETTINGS,
    owner: 'test',
    leaseTtlMs: 3_600_000,
    autoCreate: true,
    takeover: false,
    maxStreams: 100,
    retention: { retentionHours: null, maxBytes: null },
    now: () => clock.nowMs(),
    onOpened: (stream) => detection.service.onOpened(stream),
    onDeleted: (name) => detection.service.onDeleted(name),
  });
  detection.start();
  let stopped: Promise<void> | undefined;
  const stop = async (how: 'close' | 'kill') => {
    if (how === 'kill') detection.events.close();
    else {
      detection.service.close();
      await Promise.all([streams.close(clock.nowMs()), settle()]);
      await passing(clock, detection.close());
    }
    if (how === 'close') await logs.close();
    await records.close();
    catalog.close();
  };
  const rig: DetectionRig = {
    clock,
    streams,
    catalog,
    records,
    detection,
    supervisor,
    lines,
    publish: (stream, tracks = [VIDEO, AUDIO]) => publish(streams, clock, stream, tracks),
    said: (stream) =>
      detection.events
        .after(0, 1000)
        .filter(({ event }) => event.stream === stream)
        .map(({ event }) => (event.phase === undefined ? event.type : `${event.type}/${event.phase}`)),
    stop: (how = 'close') => {
      stopped ??= stop(how);
      return stopped;
    },
  };
  t.after(() => rig.stop());
  return rig;
}

/** Lets time pass until something is done. */
async function passing(clock: ManualClock, work: Promise<void>): Promise<void> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) await clock.advance(10);
  await done;
}

async function publish(
  streams: StreamRegistry,
  clock: ManualClock,
  stream: string,
  tracks: readonly Track[],
): Promise<Camera> {
  const sinceMs = clock.nowMs();
  const publisher = { protocol: 'rtmp', remoteAddress: '127.0.0.1', sinceMs } as const;
  const publication = await streams.publish({ stream, publisher, onRevoked: () => {} }, sinceMs);
  publication.setTracks(tracks, sinceMs);
  const timescales = new Map(tracks.map(({ id, timescale }) => [id, timescale]));
  let firstMs: number | undefined;
  return {
    publication,
    async send(samples) {
      for (const sample of samples) {
        const mediaMs = (sample.dtsTicks * 1000) / (timescales.get(sample.trackId) ?? assert.fail());
        firstMs ??= clock.nowMs() - mediaMs;
        const atMs = firstMs + mediaMs;
        if (atMs > clock.nowMs()) await clock.advance(atMs - clock.nowMs());
        publication.write(sample, clock.nowMs());
      }
      await clock.advance(10);
    },
    async end() {
      await publication.end(clock.nowMs());
      await clock.advance(0);
    },
  };
}

/** An event of a stream's own watch at a frame. */
export function eventAt(
  stream: string,
  { fragmentNumber, offsetMs, producerMs, serverMs }: FrameRef,
  parts: Partial<DetectionEvent> = {},
): DetectionEvent {
  return eventOf({ stream, fragmentNumber, frameOffsetMs: offsetMs, producerMs, serverMs, ...parts });
}

/**
 * Somebody is in the picture from the first key frame on, and leaves with the end: what is said depends on what is known, as it
 * does with a tracker.
 */
export const SOMEBODY: Script = {
  onSample({ frame, isSync }, { state, options: { stream, name } }) {
    if (!isSync) return undefined;
    const phase = state?.tracker === 'inside' ? 'update' : 'enter';
    return { events: [eventAt(stream, frame, { phase, watch: name })], state: stateOf('inside') };
  },
  onEnd(frame, { state, options: { stream, name } }) {
    if (state?.tracker !== 'inside') return {};
    return {
      events: [eventAt(stream, frame, { phase: 'leave', reason: 'ended', watch: name })],
      state: stateOf('empty'),
    };
  },
};

function stateOf(tracker: string) {
  return { tracker, rules: null, events: null, faces: null };
}
