import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DiscoverySettings,
  discoveryId,
  discoveryMessages,
} from '../../../../../server/delivery/mqtt/discovery.ts';
import { KnownCameras } from '../../../../../server/delivery/mqtt/known-cameras.ts';
import { labelLevel, Topics, topicLevel } from '../../../../../server/delivery/mqtt/topics.ts';

const settings: DiscoverySettings = { discoveryPrefix: 'homeassistant', version: '1', snapshots: false };
const prefixes = { prefix: 'framelog', discoveryPrefix: 'homeassistant' };

test('a level of a topic holds nothing that a topic gives a meaning, and no broker refuses it', () => {
  assert.equal(topicLevel('a/b+c#d'), 'a_b_c_d');
  assert.equal(topicLevel('cell phone\u0000'), 'cell_phone_');
  assert.equal(topicLevel(''), '_');
  assert.equal(labelLevel('snapshot'), 'snapshot_');
  assert.equal(labelLevel('all'), 'all_');
  assert.equal(labelLevel('person'), 'person');
});

test('ids of entities hold only what Home Assistant takes, and two names never become one', () => {
  assert.equal(discoveryId('front_door-2'), 'front_door-2');
  assert.match(discoveryId('front.door'), /^front_door-[0-9a-f]{6}$/);
  assert.notEqual(discoveryId('front.door'), discoveryId('front door'));
});

test('topics and ids of all entities of a camera', () => {
  const known = new KnownCameras(prefixes);
  known.add('front', ['person'], [['drive', ['car']]]);
  const names = known.camera('front');
  assert.ok(names !== undefined);
  const messages = discoveryMessages(new Topics('framelog'), 'front', names, settings);
  assert.deepEqual(
    [...messages.keys()],
    [
      'binary_sensor/framelog_front/all_occupancy',
      'sensor/framelog_front/all_count',
      'binary_sensor/framelog_front/person_occupancy',
      'sensor/framelog_front/person_count',
      'binary_sensor/framelog_front/zone_drive_all_occupancy',
      'sensor/framelog_front/zone_drive_all_count',
      'binary_sensor/framelog_front/zone_drive_car_occupancy',
      'sensor/framelog_front/zone_drive_car_count',
      'sensor/framelog_front/status',
    ].map((path) => `homeassistant/${path}/config`),
  );
  const entities = [...messages.values()].map((payload) => JSON.parse(payload));
  assert.equal(new Set(entities.map(({ unique_id }) => unique_id)).size, entities.length);
  for (const { device, availability_topic, origin } of entities) {
    assert.deepEqual(device.identifiers, ['framelog_front']);
    assert.equal(availability_topic, 'framelog/available');
    assert.equal(origin.name, 'Framelog');
    assert.ok(!('configuration_url' in device), 'the address of the page is not known');
  }
  assert.equal(entities[6].name, 'Drive car');
  assert.equal(entities[6].state_topic, 'framelog/front/drive/car');
});

test('what is known is read back as it was written, and anything else is nothing', () => {
  const known = new KnownCameras(prefixes);
  assert.equal(known.add('front', ['person'], [['drive', ['car']]]), true);
  assert.equal(known.add('front', ['person'], [['drive', ['car']]]), false);
  assert.equal(known.add('front', ['dog']), true);
  const back = KnownCameras.fromText(known.toText());
  assert.deepEqual(back?.camera('front'), known.camera('front'));
  assert.deepEqual(back?.prefixes, prefixes);
  known.remove('front');
  assert.deepEqual([...known.names], []);
  for (const text of ['', '{', '[]', '{"cameras":{"a":1}}'])
    assert.equal(KnownCameras.fromText(text), undefined);
});

test('no camera has more labels and zones than a bound', () => {
  const known = new KnownCameras(prefixes);
  const many = Array.from({ length: 1000 }, (_, index) => `n${index}`);
  known.add(
    'front',
    many,
    many.map((zone) => [zone, ['person']] as const),
  );
  assert.equal(known.camera('front')?.labels.size, 256);
  assert.equal(known.camera('front')?.zones.size, 64);
});
