import { readFileSync } from 'node:fs';
import { createRtmpCounters } from '../../../server/ingest/rtmp/rtmp-counters.ts';
import { RtmpError } from '../../../server/ingest/rtmp/rtmp-error.ts';
import { SampleMaker } from '../../../server/ingest/rtmp/sample-maker.ts';
import { type ServerEvent, ServerSession } from '../../../server/ingest/rtmp/server-session.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const HELLO = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]);
const NOWHERE = { setTracks: () => undefined, write: () => undefined, fail: () => undefined };

/** What a captured client sent after its handshake, less most of its media: mutations should meet the commands. */
function seed(name: string): Buffer {
  const bytes = readFileSync(new URL(`../../fixtures/rtmp/${name}.bin`, import.meta.url));
  return bytes.subarray(HELLO.length, HELLO.length + 4096);
}

/** A whole server session that agrees to everything, down to the samples. */
export const target: FuzzTarget = {
  name: 'rtmp-chunk',
  seeds: () => ['ffmpeg-5.1-h264-aac', 'ffmpeg-5.1-h264-mp3', 'ffmpeg-5.1-alaw'].map(seed),
  run(input) {
    const session = new ServerSession();
    const maker = new SampleMaker(NOWHERE, createRtmpCounters());
    const take = (events: readonly ServerEvent[]): void => {
      for (const event of events) {
        if (event.type === 'connect') take(session.acceptConnect());
        else if (event.type === 'publish' || event.type === 'play') take(session.acceptStream());
        else if (event.type === 'video') maker.video(event.payload, event.timestampMs, 0);
        else if (event.type === 'audio') maker.audio(event.payload, event.timestampMs, 0);
        else if (event.type === 'metadata') maker.metadata(event.values);
      }
    };
    take(session.push(HELLO, 0));
    const bytes = Buffer.from(input);
    const half = bytes.length >> 1;
    take(session.push(bytes.subarray(0, half), 0));
    take(session.push(bytes.subarray(half), 0));
    maker.end(0);
    session.takeOutput();
  },
  isTyped: (error) => error instanceof RtmpError,
};
