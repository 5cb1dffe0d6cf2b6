import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MatroskaEvent } from '../../../fragments/matroska/matroska-event.ts';
import { MatroskaReader } from '../../../fragments/matroska/matroska-reader.ts';

/** One PutMedia request as the fake service sees it. */
export interface FakeSession {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** 0 for the first. */
  readonly index: number;
  /** What came so far. */
  readonly events: MatroskaEvent[];
  /** Times of the complete fragments that came so far. */
  readonly fragments: number[];
  ack(type: string, timecodeMs: number, more?: object): void;
}

/** What the service does; by default it acknowledges everything. */
export interface FakeScript {
  /** Instead of acknowledging; answer true when the request is dealt with. */
  onRequest?(session: FakeSession): boolean;
  onFragment?(session: FakeSession, timecodeMs: number): void;
  onFrame?(session: FakeSession): void;
  readonly retentionHours?: number;
}

/** A service on loopback that takes PutMedia and the control plane calls, and keeps what came. */
export class FakeService implements AsyncDisposable {
  readonly sessions: FakeSession[] = [];
  /** Paths of all requests, in order. */
  readonly calls: string[] = [];
  readonly #script: FakeScript;
  readonly #server = createServer((request, response) => {
    this.calls.push(request.url ?? '');
    if (request.url === '/putMedia') void this.#putMedia(request, response);
    else this.#control(request, response);
  });

  private constructor(script: FakeScript) {
    this.#script = script;
  }

  static async start(script: FakeScript = {}): Promise<FakeService> {
    const service = new FakeService(script);
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #control(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const { retentionHours = 24 } = this.#script;
    const body =
      request.url === '/getDataEndpoint'
        ? { DataEndpoint: this.url }
        : { StreamInfo: { DataRetentionInHours: retentionHours } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  }

  async #putMedia(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ack = (type: string, timecodeMs: number, more: object = {}): void => {
      const fragment = { FragmentTimecode: timecodeMs, FragmentNumber: `9134${timecodeMs}` };
      response.write(`${JSON.stringify({ EventType: type, ...fragment, ...more })}\n`);
    };
    const session: FakeSession = {
      request,
      response,
      index: this.sessions.length,
      events: [],
      fragments: [],
      ack,
    };
    this.sessions.push(session);
    if (this.#script.onRequest?.(session) === true) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const reader = new MatroskaReader();
    try {
      for await (const bytes of request as AsyncIterable<Buffer>)
        this.#take(session, reader.push(Buffer.from(bytes)));
      this.#take(session, reader.end());
    } catch (error) {
      if (request.complete) throw error;
      return;
    }
    response.end();
  }

  #take(session: FakeSession, events: Iterable<MatroskaEvent>): void {
    for (const event of events) {
      session.events.push(event);
      if (event.type === 'frame') this.#script.onFrame?.(session);
      if (event.type !== 'cluster-ends') continue;
      const cluster = session.events.findLast(({ type }) => type === 'cluster');
      if (cluster?.type !== 'cluster') continue;
      const { timecode } = cluster;
      session.fragments.push(timecode);
      if (this.#script.onFragment !== undefined) this.#script.onFragment(session, timecode);
      else acknowledge(session, timecode);
    }
  }
}

/** All three acknowledgements of a fragment. */
export function acknowledge(session: FakeSession, timecodeMs: number): void {
  for (const type of ['BUFFERING', 'RECEIVED', 'PERSISTED']) session.ack(type, timecodeMs);
}
