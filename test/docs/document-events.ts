import { z } from 'zod';
import { type DetectionEvent, detectionEventSchema, EVENT_SCHEMA } from '../../ml/events/detection-event.ts';
import { createScene } from '../../ml/events/scene.ts';
import { DEFAULT_LABEL_GROUPS } from '../../ml/track/label-groups.ts';
import { watchSettingsSchema } from '../../ml/watch/watch-settings.ts';
import { withThumbnail } from '../../server/detection/frame-path.ts';

/** The JSON Schema of detection events: docs/detection-event.schema.json. */
export function documentEventSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(detectionEventSchema, {
    // Members may be added within a version: who checks what he reads must not stumble over them.
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const title = 'Detection event of Framelog';
  const description = `What a camera saw, version \`${EVENT_SCHEMA}\`. Members may be added within a version; none changes its meaning.`;
  return `${JSON.stringify({ $schema, title, description, ...schema }, undefined, 2)}\n`;
}

/** Events as they are when a car drives through a gate into a yard, and is gone: docs/detection-event.example.json. */
export function documentEventExamples(): string {
  return `${JSON.stringify(exampleEvents(), undefined, 2)}\n`;
}

function exampleEvents(): DetectionEvent[] {
  const { zones, lines } = watchSettingsSchema.parse({
    zones: [
      {
        name: 'yard',
        polygon: [
          [0.5, 0.3],
          [1, 0.3],
          [1, 1],
          [0.5, 1],
        ],
        dwellSeconds: 2,
      },
    ],
    lines: [{ name: 'gate', from: [0.5, 1], to: [0.5, 0.3], labels: ['vehicle'] }],
  });
  const scene = createScene(
    {
      minScore: 0.35,
      confirmHits: 2,
      timeoutSeconds: 5,
      updateSeconds: 2,
      groups: DEFAULT_LABEL_GROUPS,
      zones,
      lines,
    },
    {
      stream: 'driveway',
      watch: 'live',
      model: { name: 'centernet', sha256: 'c0'.repeat(32) },
    },
  );
  const events: DetectionEvent[] = [];
  for (let step = 0; step < 45; step++) {
    const offsetMs = step * 200;
    const left = 0.1 + Math.min(step, 15) * 0.04;
    const frame = {
      fragmentNumber: '91343852333181432392682062622220576173046216361',
      offsetMs,
      producerMs: 1_764_000_000_000 + offsetMs,
      serverMs: 1_764_000_000_120 + offsetMs,
    };
    const car = { label: 'car', score: 0.62, box: [left, 0.45, 0.2, 0.2] } as const;
    events.push(...scene.observe(step < 20 ? [car] : [], frame).events);
  }
  return events.map(withThumbnail);
}
