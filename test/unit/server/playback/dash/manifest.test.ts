import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import { type DashManifest, dashManifest } from '../../../../../server/playback/dash/manifest.ts';
import { SessionTimeline } from '../../../../../server/playback/session/session-timeline.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';
import { info } from '../session/infos.ts';

const VIDEO = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: Buffer.from('014d4029ffe000', 'hex'),
  width: 1280,
  height: 720,
});
const AUDIO = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 44_100,
  config: Buffer.from('1210', 'hex'),
});

function manifest(facts: Partial<DashManifest['facts']>, of: Partial<DashManifest> = {}): string {
  const timeline = new SessionTimeline({ protocol: 'dash', clock: 'server', discontinuity: 'NEVER' });
  const fragments = [
    info(0),
    info(1, { durationTicks: 1999 }),
    info(2, { run: 1, startTicks: 0, serverMs: NOW_MS + 90_000 }),
  ].map((each) => timeline.place(each, 'one'));
  return dashManifest({
    facts: {
      mode: 'ON_DEMAND',
      clock: 'server',
      showTimestamps: false,
      showNumbers: false,
      startedMs: NOW_MS,
      maxFragments: 5,
      ...facts,
    },
    renditions: [
      { track: VIDEO, bandwidthBps: 1_000_000, frameRate: 25 },
      { track: AUDIO, bandwidthBps: 64_000, frameRate: undefined },
    ],
    fragments,
    isOver: facts.mode === undefined,
    longestMs: 2000,
    token: 'T~',
    nowMs: NOW_MS + 100_000,
    availabilityStartMs: NOW_MS,
    ...of,
  });
}

test('a manifest on demand: one Period, an AdaptationSet a track, an S a fragment, gaps bent away', () => {
  assert.equal(
    manifest({}),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" availabilityStartTime="2026-01-02T03:04:05.000Z" mediaPresentationDuration="PT5.999S" maxSegmentDuration="PT2S" minBufferTime="PT2S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" codecs="avc1.4d4029" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="90000" presentationTimeOffset="900000" startNumber="1" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=1" media="getMP4MediaFragment.mp4?FragmentNumber=$Number$&amp;SessionToken=T~&amp;TrackNumber=1">
        <SegmentTimeline>
          <S t="900000" d="180000"/>
          <S t="1080000" d="179910"/>
          <S t="1259910" d="180000"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="1" bandwidth="1000000" width="1280" height="720" frameRate="25000/1000"/>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" codecs="mp4a.40.2" segmentAlignment="true" startWithSAP="1">
      <SegmentTemplate timescale="44100" presentationTimeOffset="441000" startNumber="1" initialization="getMP4InitFragment.mp4?SessionToken=T~&amp;TrackNumber=2" media="getMP4MediaFragment.mp4?FragmentNumber=$Number$&amp;SessionToken=T~&amp;TrackNumber=2">
        <SegmentTimeline>
          <S t="441000" d="88200"/>
          <S t="529200" d="88156"/>
          <S t="617356" d="88200"/>
        </SegmentTimeline>
      </SegmentTemplate>
      <Representation id="2" bandwidth="64000" audioSamplingRate="44100">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
`,
  );
});

test('a live manifest is to be asked for again, and tells the time', () => {
  const text = manifest({ mode: 'LIVE' });
  assert.match(
    text,
    /type="dynamic" availabilityStartTime="2026-01-02T03:04:05.000Z" publishTime="2026-01-02T03:05:45.000Z"/,
  );
  assert.match(text, /minimumUpdatePeriod="PT1S"/);
  assert.match(text, /timeShiftBufferDepth="PT5.999S" suggestedPresentationDelay="PT6S"/);
  assert.match(
    text,
    /<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-02T03:05:45.000Z"\/>/,
  );
  assert.doesNotMatch(text, /mediaPresentationDuration/);
  const over = manifest({ mode: 'LIVE_REPLAY' }, { isOver: true });
  assert.match(over, /mediaPresentationDuration="PT5.999S"/);
  assert.doesNotMatch(over, /minimumUpdatePeriod/);
});

test('numbers go on when the window slides', () => {
  const timeline = new SessionTimeline({ protocol: 'dash', clock: 'server', discontinuity: 'NEVER' });
  const all = [0, 1, 2, 3].map((ordinal) => timeline.place(info(ordinal), 'one'));
  const text = manifest({ mode: 'LIVE' }, { fragments: all.slice(2) });
  assert.match(text, /startNumber="3"/);
  assert.match(text, /<S t="1260000" d="180000"\/>/);
});

test('fragments can be named by their time and number', () => {
  const text = manifest({ showTimestamps: true, showNumbers: true });
  assert.match(text, /xmlns:kvs="/);
  assert.ok(text.includes(`<S t="1259910" d="180000" kvs:ts="${NOW_MS / 1000 + 90}.000" kvs:fn="`));
});
