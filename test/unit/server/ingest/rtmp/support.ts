import { readFileSync } from 'node:fs';
import type { Sample, Track } from '../../../../../fragments/media/track.ts';
import type { AmfValue } from '../../../../../server/ingest/rtmp/amf-value.ts';
import { type ChunkLimits, ChunkReader } from '../../../../../server/ingest/rtmp/chunk-reader.ts';
import { ChunkWriter } from '../../../../../server/ingest/rtmp/chunk-writer.ts';
import { type Command, command, readCommand } from '../../../../../server/ingest/rtmp/commands.ts';
import {
  MessageType,
  type OutgoingMessage,
  type RtmpMessage,
} from '../../../../../server/ingest/rtmp/messages.ts';
import { createRtmpCounters } from '../../../../../server/ingest/rtmp/rtmp-counters.ts';
import { SampleMaker } from '../../../../../server/ingest/rtmp/sample-maker.ts';
import { type ServerEvent, ServerSession } from '../../../../../server/ingest/rtmp/server-session.ts';

/** C0, C1 and C2 of the simple form. */
export const CLIENT_HELLO = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]);

/** The bytes that a client sent, as captured. */
export function dialogue(name: string): Buffer {
  return readFileSync(new URL(`../../../../fixtures/rtmp/${name}.bin`, import.meta.url));
}

const LIMITS: ChunkLimits = { maxMessageBytes: 8 << 20, maxPartialBytes: 16 << 20, maxChunkStreams: 64 };

/** A client that a test plays: writes messages to a session, and reads its answers. */
export class TestClient {
  readonly session: ServerSession;
  readonly #writer = new ChunkWriter();
  readonly #reader = new ChunkReader(LIMITS);
  /** Everything the server sent since it was last looked at. */
  #replies: RtmpMessage[] = [];

  constructor(session = new ServerSession()) {
    this.session = session;
    session.push(CLIENT_HELLO, 0);
    // S0, S1 and S2 are of no interest here.
    session.takeOutput();
  }

  send(...messages: OutgoingMessage[]): ServerEvent[] {
    const bytes = Buffer.concat(messages.flatMap((message) => this.#writer.write(message)));
    return this.session.push(bytes, 0);
  }

  command(streamId: number, ...values: AmfValue[]): ServerEvent[] {
    return this.send(command(streamId, ...values));
  }

  media(typeId: number, timestampMs: number, payload: Uint8Array): ServerEvent[] {
    return this.send({ chunkStreamId: typeId, typeId, streamId: 1, timestampMs, payload: [payload] });
  }

  /** What the server has sent meanwhile. */
  replies(): RtmpMessage[] {
    for (const piece of this.session.takeOutput()) {
      this.#reader.feed(Buffer.from(piece));
      for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
        this.#replies.push(message);
      }
    }
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  commands(): Command[] {
    return this.replies()
      .filter((message) => message.typeId === MessageType.commandAmf0)
      .map(readCommand);
  }

  /** Connects and creates stream 1. */
  connect(): this {
    this.command(0, 'connect', 1, { app: 'live', tcUrl: 'rtmp://host/live' });
    this.session.acceptConnect();
    this.command(0, 'createStream', 2, null);
    this.replies();
    return this;
  }

  publish(name = 'cam'): this {
    this.connect().command(1, 'publish', 3, null, name, 'live');
    this.session.acceptStream();
    this.replies();
    return this;
  }
}

/** Takes a publication's media and remembers it. */
export class MemorySink {
  tracks: readonly Track[] = [];
  readonly declared: (readonly Track[])[] = [];
  readonly samples: Sample[] = [];
  readonly failures: string[] = [];

  setTracks(tracks: readonly Track[]): void {
    this.tracks = tracks;
    this.declared.push(tracks);
  }

  write(sample: Sample): void {
    this.samples.push(sample);
  }

  fail(message: string): void {
    this.failures.push(message);
  }
}

/** Plays a client's bytes into a session that agrees to everything. */
export function replay(pieces: Iterable<Buffer>): {
  sink: MemorySink;
  session: ServerSession;
  events: string[];
} {
  const session = new ServerSession();
  const sink = new MemorySink();
  const maker = new SampleMaker(sink, createRtmpCounters());
  const events: string[] = [];
  const take = (batch: readonly ServerEvent[]): void => {
    for (const event of batch) {
      if (event.type !== 'video' && event.type !== 'audio') events.push(event.type);
      if (event.type === 'connect') take(session.acceptConnect());
      else if (event.type === 'publish' || event.type === 'play') take(session.acceptStream());
      else if (event.type === 'video') maker.video(event.payload, event.timestampMs, 0);
      else if (event.type === 'audio') maker.audio(event.payload, event.timestampMs, 0);
      else if (event.type === 'metadata') maker.metadata(event.values);
      else if (event.type === 'end') maker.end(0);
    }
  };
  for (const piece of pieces) take(session.push(piece, 0));
  return { sink, session, events };
}
