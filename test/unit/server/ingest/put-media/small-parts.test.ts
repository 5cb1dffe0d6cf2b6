import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample, Track } from '../../../../../fragments/media/track.ts';
import { MAX_LABELLED_STREAMS, OTHER_STREAMS } from '../../../../../server/counters/labelled-streams.ts';
import { ACK_ERROR_IDS, type AckErrorCode } from '../../../../../server/ingest/put-media/ack-error.ts';
import { errorAck, fragmentAck, NO_FRAGMENT } from '../../../../../server/ingest/put-media/ack-line.ts';
import { readFragmentTags } from '../../../../../server/ingest/put-media/fragment-tags.ts';
import { LeadClock } from '../../../../../server/ingest/put-media/lead-clock.ts';
import { Pace } from '../../../../../server/ingest/put-media/pace.ts';
import { PutMediaCounters } from '../../../../../server/ingest/put-media/put-media-counters.ts';

const NUMBER = '91343852333182006801812051225829315333083406205';

test('acknowledgements are the recorded lines, to the byte', () => {
  assert.equal(
    fragmentAck('BUFFERING', { timecodeMs: 1_677_613_819_540, number: NUMBER }),
    `{"EventType":"BUFFERING","FragmentTimecode":1677613819540,"FragmentNumber":"${NUMBER}"}\n`,
  );
  assert.equal(
    errorAck('MAX_FRAGMENT_DURATION_REACHED', { timecodeMs: 1_565_810_137_603, number: NUMBER }),
    `{"EventType":"ERROR","FragmentTimecode":1565810137603,"FragmentNumber":"${NUMBER}",` +
      '"ErrorCode":"MAX_FRAGMENT_DURATION_REACHED","ErrorId":4002}\n',
  );
  for (const code of Object.keys(ACK_ERROR_IDS) as AckErrorCode[]) {
    const line = errorAck(code, NO_FRAGMENT);
    assert.ok(line.length < 1024);
    assert.match(line, /"FragmentTimecode":-1,"FragmentNumber":""/);
  }
});

test('tags: those of the service and of single tracks are left out, requests to it are kept', () => {
  const tag = (name: string, value = '') => ({ name, value });
  assert.deepEqual(
    readFragmentTags([
      tag('AWS_KINESISVIDEO_FRAGMENT_NUMBER', '1'),
      tag('AWS_KINESISVIDEO_NOTIFICATION'),
      tag('AWS_KINESISVIDEO_IMAGE_GENERATION'),
      { ...tag('DURATION', '00:01'), isTargeted: true },
      tag('door', 'open'),
    ]),
    {
      tags: [
        tag('AWS_KINESISVIDEO_NOTIFICATION'),
        tag('AWS_KINESISVIDEO_IMAGE_GENERATION'),
        tag('door', 'open'),
      ],
      endsFragment: false,
      isTooLong: false,
    },
  );
  assert.equal(readFragmentTags([tag('AWS_KINESISVIDEO_END_OF_FRAGMENT')]).endsFragment, true);
  assert.equal(readFragmentTags([tag('n'.repeat(129))]).isTooLong, true);
  assert.equal(readFragmentTags([tag('n', 'v'.repeat(257))]).isTooLong, true);
});

test('a pace lets a second through at once and then its rate', () => {
  const pace = new Pace(10);
  pace.take(10, 5000);
  assert.ok(pace.isFree(5000));
  pace.take(5, 5000);
  assert.ok(!pace.isFree(5499));
  assert.ok(pace.isFree(5500));
  const none = new Pace(0);
  none.take(1e12, 0);
  assert.ok(none.isFree(0));
});

test('the next cluster tells how long the last frame lasts, unless another track begins it', () => {
  const clock = new LeadClock();
  const video = { id: 1, kind: 'video', timescale: 1000 } as Track;
  clock.setTracks([video]);
  const add = (dtsTicks: number, compositionOffsetTicks = 0) =>
    clock.add({ trackId: 1, dtsTicks, compositionOffsetTicks } as Sample);
  assert.equal(clock.nextTicks(0), undefined);
  add(0);
  add(33);
  assert.deepEqual(clock.nextTicks(67), new Map([[1, 67]]));
  assert.deepEqual(clock.nextTicks(65), new Map([[1, 65]]));
  assert.equal(clock.nextTicks(50), undefined);
  add(67, 33);
  assert.equal(clock.nextTicks(100), undefined);
  clock.restart();
  assert.equal(clock.nextTicks(100), undefined);
});

test('counters have a bound of streams', () => {
  const counters = new PutMediaCounters();
  for (let at = 0; at < MAX_LABELLED_STREAMS + 5; at++) counters.of(`cam${at}`).incomingBytes += 1;
  const bytes = counters.by((of) => of.incomingBytes);
  assert.equal(bytes.size, MAX_LABELLED_STREAMS + 1);
  assert.equal(bytes.get(OTHER_STREAMS), 5);
});
