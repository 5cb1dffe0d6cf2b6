import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type DetectionEvent, EVENT_SCHEMA } from '../../../../../ml/events/detection-event.ts';
import { eventsPath } from '../../../../../server/detection/event-schema.ts';
import { SqliteEventStore } from '../../../../../server/detection/sqlite-event-store.ts';

export const T0 = 1_795_000_000_000;

/** A name as ids are: 26 letters and digits, the same for the same text. */
export function idOf(text: string): string {
  return BigInt(`0x${hash('sha256', text).slice(0, 33)}`)
    .toString(36)
    .padStart(26, '0')
    .slice(0, 26);
}

/** An event of a person who enters at T0; its id is made of what it says. */
export function eventOf(parts: Partial<DetectionEvent> = {}): DetectionEvent {
  const producerMs = parts.producerMs ?? T0;
  const event = {
    schema: EVENT_SCHEMA as typeof EVENT_SCHEMA,
    stream: 'cam',
    watch: 'live',
    type: 'object' as const,
    phase: 'enter' as const,
    fragmentNumber: '1'.repeat(47),
    frameOffsetMs: 0,
    producerMs,
    serverMs: producerMs + 40,
    model: { name: 'centernet', sha256: 'ab'.repeat(32) },
    label: 'person',
    group: 'person',
    score: 0.6,
    trackId: idOf('track'),
    ...parts,
  };
  return { id: idOf(JSON.stringify(event)), ...event };
}

/** A store in a folder of its own. */
export function openStore(t: TestContext): { readonly store: SqliteEventStore; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'framelog-events-'));
  const path = eventsPath(folder);
  const store = SqliteEventStore.open(path);
  t.after(() => {
    store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, path };
}
