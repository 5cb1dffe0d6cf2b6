/** Writes the pages of docs/ that are made from the code; their tests hold them to it. */
import { writeFileSync } from 'node:fs';
import { documentConfig } from '../../server/config/document.ts';
import { documentEventExamples, documentEventSchema } from './document-events.ts';
import { documentMetrics } from './document-metrics.ts';

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), documentConfig());
writeFileSync(new URL('../../docs/metrics.md', import.meta.url), documentMetrics());
writeFileSync(new URL('../../docs/detection-event.schema.json', import.meta.url), documentEventSchema());
writeFileSync(new URL('../../docs/detection-event.example.json', import.meta.url), documentEventExamples());
