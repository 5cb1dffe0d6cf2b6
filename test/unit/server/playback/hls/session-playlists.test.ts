import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeTrack } from '../../../../../fragments/media/describe-track.ts';
import type { Track } from '../../../../../fragments/media/track.ts';
import {
  type MediaPlaylist,
  masterPlaylist,
  mediaPlaylist,
} from '../../../../../server/playback/hls/session-playlists.ts';
import type { SessionFacts } from '../../../../../server/playback/session/session-facts.ts';
import { SessionTimeline } from '../../../../../server/playback/session/session-timeline.ts';
import { NOW_MS } from '../../../fragments/stream/media.ts';
import { info } from '../session/infos.ts';

const VIDEO: Track = describeTrack({
  id: 1,
  kind: 'video',
  codec: 'h264',
  timescale: 90_000,
  config: Buffer.from('014d4029ffe000', 'hex'),
  width: 1280,
  height: 720,
});
const AUDIO: Track = describeTrack({
  id: 2,
  kind: 'audio',
  codec: 'aac',
  timescale: 48_000,
  config: Buffer.from('1190', 'hex'),
});
const video = { track: VIDEO, bandwidthBps: 1_953_544, frameRate: 15.0099 };
const audio = { track: AUDIO, bandwidthBps: 64_000, frameRate: undefined };

test('the multivariant playlist has the attributes in the order of the service', () => {
  assert.equal(
    masterPlaylist([video, audio], { container: 'mp4' }, 'T~'),
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-MEDIA:AUTOSELECT=YES,FORCED=NO,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=2",GROUP-ID="audio",DEFAULT=NO,NAME="audio"
#EXT-X-STREAM-INF:CODECS="avc1.4d4029,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=15.01,BANDWIDTH=2017544,AUDIO="audio"
getHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=1
`,
  );
  assert.equal(
    masterPlaylist([video], { container: 'mp4' }, 'T'),
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-STREAM-INF:CODECS="avc1.4d4029",RESOLUTION=1280x720,FRAME-RATE=15.01,BANDWIDTH=1953544
getHLSMediaPlaylist.m3u8?SessionToken=T&TrackNumber=1
`,
  );
  assert.doesNotMatch(masterPlaylist([video, audio], { container: 'ts' }, 'T'), /EXT-X-MEDIA|AUDIO/);
  assert.match(
    masterPlaylist([audio], { container: 'mp4' }, 'T'),
    /CODECS="mp4a.40.2",BANDWIDTH=64000\n.*=2\n$/,
  );
});

function playlist(
  facts: Partial<SessionFacts>,
  infos: Parameters<SessionTimeline['place']>[0][],
  of: Partial<MediaPlaylist> = {},
): string {
  const all = {
    protocol: 'hls',
    mode: 'ON_DEMAND',
    container: 'mp4',
    clock: 'server',
    discontinuity: 'ALWAYS',
    showTimestamps: false,
    ...facts,
  } as const;
  const timeline = new SessionTimeline(all);
  return mediaPlaylist({
    facts: all,
    fragments: infos.map((each, i) => timeline.place(each, i === 2 ? 'other' : 'one')),
    isOver: all.mode === 'ON_DEMAND',
    longestMs: timeline.longestMs,
    token: 'T~',
    trackId: 1,
    ...of,
  });
}

test('a playlist on demand has the lines in the order of the service', () => {
  const [a, b, c] = [info(0, { durationTicks: 1010 }), info(1, { durationTicks: 1010 }), info(2)];
  assert.equal(
    playlist({ showTimestamps: true }, [a, b, c]),
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=0"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:1.01,
getMP4MediaFragment.mp4?FragmentNumber=${a.number}&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXTINF:1.01,
getMP4MediaFragment.mp4?FragmentNumber=${b.number}&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=1"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:09.000Z
#EXTINF:2.0,
getMP4MediaFragment.mp4?FragmentNumber=${c.number}&SessionToken=T~&TrackNumber=1
#EXT-X-DISCONTINUITY
#EXT-X-ENDLIST
`,
  );
});

test('a live playlist counts what went by, with its discontinuities', () => {
  const timelineText = playlist({ mode: 'LIVE', container: 'ts', discontinuity: 'NEVER' }, [
    info(0),
    info(1),
  ]);
  assert.equal(
    timelineText,
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXTINF:2.0,
getTSFragment.ts?FragmentNumber=${info(0).number}&SessionToken=T~
#EXTINF:2.0,
getTSFragment.ts?FragmentNumber=${info(1).number}&SessionToken=T~
`,
  );
  const timeline = new SessionTimeline({ protocol: 'hls', clock: 'server', discontinuity: 'ALWAYS' });
  const all = [0, 1, 2, 3].map((ordinal) => timeline.place(info(ordinal), 'one'));
  const text = playlist({ mode: 'LIVE' }, [], { fragments: all.slice(2), isOver: false, longestMs: 2900 });
  assert.match(text, /TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n/);
  assert.equal(text.match(/#EXT-X-DISCONTINUITY\n/g)?.length, 2);
  assert.doesNotMatch(text, /ENDLIST|VOD/);
});

test('dates are of the clock that was asked for, and always dates', () => {
  const odd = info(0, { producerMs: 9e15 });
  assert.match(playlist({ showTimestamps: true, clock: 'producer' }, [odd]), /DATE-TIME:\+275760-09-13/);
  assert.match(playlist({ showTimestamps: true }, [odd]), new RegExp(new Date(NOW_MS).toISOString()));
});

test('segments that do not begin with a key frame are not said to be independent', () => {
  assert.doesNotMatch(playlist({}, [info(0, { independent: false })]), /INDEPENDENT/);
});
