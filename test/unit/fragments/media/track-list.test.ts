import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTrack } from '../../../../fragments/media/describe-track.ts';
import { leadTrack } from '../../../../fragments/media/track-list.ts';
import { bytes, caseOf } from './codec-fixtures.ts';

test('the lead is the first video, else the first audio, else the first', () => {
  const config = bytes('');
  const data = describeTrack({ id: 1, kind: 'data', codec: 'opaque', timescale: 1000, config });
  const audio = describeTrack({ id: 2, kind: 'audio', codec: 'pcmu', timescale: 8000, config });
  const video = describeTrack({
    id: 3,
    kind: 'video',
    codec: 'h264',
    timescale: 90000,
    config: caseOf('h264 main').config,
  });
  assert.equal(leadTrack([data, audio, video]), video);
  assert.equal(leadTrack([data, audio, { ...audio, id: 4 }]), audio);
  assert.equal(leadTrack([data]), data);
  assert.equal(leadTrack([]), undefined);
});
