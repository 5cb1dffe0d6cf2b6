import type { Track } from '../../fragments/media/track.ts';
import { type FragmentInfo, fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import type { KeyRecord, StreamRecord } from '../catalog/catalog.ts';
import type { FragmentEvent, LiveState, OpenStream } from '../streams/stream-service.ts';

/** The JSON shapes of the API (openapi.json, `components.schemas`). Absent facts are `null`, never missing. */

export function streamJson(record: StreamRecord, open: OpenStream | undefined, nowMs: number) {
  return { ...recordJson(record), live: open === undefined ? null : liveSummaryJson(open, nowMs) };
}

export function recordJson(record: StreamRecord) {
  const { name, createdMs, retentionHours, maxBytes, version } = record;
  return { name, createdMs, retentionHours, maxBytes, version };
}

/** The few facts that a list of streams shows. */
function liveSummaryJson(open: OpenStream, nowMs: number) {
  const live = open.live(nowMs);
  const video = live.tracks.find((track) => track.kind === 'video');
  const audio = live.tracks.find((track) => track.kind === 'audio');
  return {
    ...liveFactsJson(open, live),
    video: video === undefined ? null : trackJson(video),
    audio: audio === undefined ? null : trackJson(audio),
  };
}

/** All that is known of the live side. Where the camera connects from is for admins only. */
export function liveJson(open: OpenStream, nowMs: number, isAdmin: boolean) {
  const live = open.live(nowMs);
  const { publisher, lastError } = live;
  return {
    ...liveFactsJson(open, live),
    partTargetMs: open.window.partTargetMs,
    tracks: live.tracks.map(trackJson),
    publisher:
      publisher === undefined
        ? null
        : {
            protocol: publisher.protocol,
            sinceMs: publisher.sinceMs,
            remoteAddress: isAdmin ? publisher.remoteAddress : null,
          },
    lastError: lastError === undefined ? null : { atMs: lastError.atMs, message: lastError.message },
  };
}

function liveFactsJson(open: OpenStream, live: LiveState) {
  return {
    isLive: open.window.isLive,
    bitrateBps: Math.round(live.bitrateBps),
    videoFps: Math.round(live.videoFps * 100) / 100,
    viewers: live.viewers,
    lastFragmentMs: live.lastFragmentMs ?? null,
  };
}

function trackJson(track: Track) {
  return {
    id: track.id,
    kind: track.kind,
    codec: track.codec,
    codecString: track.codecString,
    width: track.width ?? null,
    height: track.height ?? null,
    sampleRateHz: track.sampleRateHz ?? null,
    channels: track.channels ?? null,
    contentType: track.contentType ?? null,
  };
}

export function fragmentJson(stream: string, info: FragmentInfo) {
  const { number, ordinal, run, startsRun, gapBefore, independent, serverMs, producerMs, initId, sizeBytes } =
    info;
  const root = `/play/${encodeURIComponent(stream)}`;
  return {
    number,
    ordinal,
    run,
    startsRun,
    gapBefore,
    independent,
    serverMs,
    producerMs,
    durationMs: fragmentDurationMs(info),
    sizeBytes,
    initUrl: `${root}/init/${initId}.mp4`,
    url: `${root}/segment/${number}.m4s`,
  };
}

/** A stored fragment as the event that told of it, for followers that come back. */
export function persistedEvent(stream: string, info: FragmentInfo): FragmentEvent {
  const { number, ordinal, producerMs, serverMs, sizeBytes } = info;
  return {
    type: 'persisted',
    stream,
    number,
    ordinal,
    producerMs,
    serverMs,
    durationMs: fragmentDurationMs(info),
    sizeBytes,
  };
}

/** A key without its secret. */
export function keyJson(key: KeyRecord) {
  const { id, name, rights, createdMs, expiresMs, revokedMs } = key;
  return { id, name, rights, createdMs, expiresMs, revokedMs };
}
