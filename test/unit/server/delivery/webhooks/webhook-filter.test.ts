import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetectionEvent } from '../../../../../ml/events/detection-event.ts';
import type { WebhookFilter } from '../../../../../server/catalog/webhook-catalog.ts';
import { passesFilter } from '../../../../../server/delivery/webhooks/webhook-filter.ts';
import { eventOf } from '../../../../integration/delivery/support/events.ts';

const car = eventOf({ label: 'car', group: 'vehicle', stream: 'yard-2', zones: ['drive'], score: 0.5 });
const { label: _l, group: _g, score: _s, phase: _p, trackId: _t, ...rest } = eventOf();
const camera: DetectionEvent = { ...rest, type: 'camera', camera: { state: 'stopped', message: '' } };

const CASES: readonly (readonly [string, WebhookFilter, DetectionEvent, boolean])[] = [
  ['no filter', {}, car, true],
  ['its stream', { streams: ['front', 'yard-*'] }, car, true],
  ['another stream', { streams: ['front'] }, car, false],
  ['its type', { types: ['object'] }, car, true],
  ['another type', { types: ['face', 'line'] }, car, false],
  ['its phase', { phases: ['enter'] }, car, true],
  ['another phase', { phases: ['leave'] }, car, false],
  ['no phase', { phases: ['leave'] }, camera, true],
  ['its label', { labels: ['car'] }, car, true],
  ['its group', { labels: ['vehicle'] }, car, true],
  ['another label', { labels: ['person'] }, car, false],
  ['no label', { labels: ['person'] }, camera, true],
  ['its zone', { zones: ['drive'] }, car, true],
  ['a zone that it is about', { zones: ['porch'] }, { ...car, zones: [], type: 'zone', zone: 'porch' }, true],
  ['another zone', { zones: ['porch'] }, car, false],
  ['no zone', { zones: ['porch'] }, camera, false],
  ['just its score', { minScore: 0.5 }, car, true],
  ['a higher score', { minScore: 0.51 }, car, false],
  ['no score', { minScore: 0.5 }, camera, true],
  ['of a job', {}, { ...car, watch: 'job:1' }, false],
  ['of a job, wanted', { archive: true }, { ...car, watch: 'job:1' }, true],
  ['of a processor', {}, { ...car, watch: 'processor:doors' }, true],
  ['one of two does not fit', { labels: ['car'], minScore: 0.9 }, car, false],
];

for (const [what, filter, event, passes] of CASES) {
  test(`${what}: ${passes ? 'told' : 'not told'}`, () => assert.equal(passesFilter(filter, event), passes));
}
