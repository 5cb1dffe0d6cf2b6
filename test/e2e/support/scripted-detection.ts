import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type DetectionEvent, EVENT_SCHEMA } from '../../../ml/events/detection-event.ts';
import type { Box } from '../../../ml/geometry/box.ts';
import type { FrameRef } from '../../../ml/watch/frame.ts';
import type { TrackedObject } from '../../../ml/watch/observed.ts';
import { startServer } from '../../../server/app.ts';
import { makeConfig } from '../../../server/config.ts';
import { idOf } from '../../unit/server/detection/support/events.ts';
import {
  MODEL,
  ScriptedSupervisor,
  type ScriptedWatch,
} from '../../unit/server/detection/support/scripted-supervisor.ts';

/** A whole server in this process, in which a script says what is seen. */
export interface ScriptedServer {
  readonly httpUrl: string;
  readonly rtmpUrl: string;
  readonly supervisor: ScriptedSupervisor;
  close(): Promise<void>;
}

export async function startScriptedServer(
  onSample: (
    sample: { readonly frame: FrameRef; readonly index: number },
    watch: ScriptedWatch,
  ) => Seen | undefined,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<ScriptedServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'framelog-scripted-'));
  const supervisor = new ScriptedSupervisor({
    onSample: ({ frame }, watch) => onSample({ frame, index: watch.offered.length - 1 }, watch),
  });
  const config = makeConfig({
    dataDir,
    access: { open: true },
    http: { port: 0 },
    rtmp: { port: 0 },
    detection: { defaultTier: 'fps:5' },
    ...settings,
  });
  const server = await startServer(config, {
    logger: pino({ level: 'silent' }),
    nowMs: Date.now,
    detectionSupervisor: supervisor,
  });
  return {
    httpUrl: `http://127.0.0.1:${server.ports.http}`,
    rtmpUrl: `rtmp://127.0.0.1:${server.ports.rtmp}`,
    supervisor,
    close: async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

interface Seen {
  readonly objects: readonly TrackedObject[];
  readonly events: readonly DetectionEvent[];
}

/** A thing that is seen in a frame, and the event of it, if it is one. */
export interface Thing {
  readonly trackId: string;
  readonly label: string;
  readonly box: Box;
  readonly score?: number;
  readonly phase?: 'enter' | 'update' | 'leave';
}

export function seen(stream: string, frame: FrameRef, things: readonly Thing[]): Seen {
  return {
    objects: things
      .filter(({ phase }) => phase !== 'leave')
      .map(({ trackId, label, box, score = 0.8 }) => ({
        trackId,
        label,
        group: label,
        score,
        topScore: score,
        box,
        enteredMs: frame.producerMs,
        isConfirmed: true,
        trackConfidence: 1,
      })),
    events: things.flatMap(({ trackId, label, box, score = 0.8, phase }) => {
      if (phase === undefined) return [];
      return [
        {
          schema: EVENT_SCHEMA,
          id: idOf(`${trackId} ${phase} ${frame.fragmentNumber} ${frame.offsetMs}`),
          stream,
          watch: 'live',
          type: 'object' as const,
          phase,
          fragmentNumber: frame.fragmentNumber,
          frameOffsetMs: frame.offsetMs,
          producerMs: frame.producerMs,
          serverMs: frame.serverMs,
          model: MODEL,
          label,
          group: label,
          score,
          box,
          trackId,
        },
      ];
    }),
  };
}
