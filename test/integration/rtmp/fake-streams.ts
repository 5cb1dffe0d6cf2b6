import { pino } from 'pino';
import type { Sample, Track } from '../../../fragments/media/track.ts';
import type { LiveChange, LiveFragment, LiveWindowReader } from '../../../fragments/stream/live-window.ts';
import type {
  Access,
  Principal,
  Recognition,
  SignerLookup,
  Signers,
  Wish,
} from '../../../server/access/access.ts';
import type { Logger } from '../../../server/observe/logger.ts';
import {
  type OpenStream,
  type Publication,
  type PublishRequest,
  StreamError,
  type StreamService,
} from '../../../server/streams/stream-service.ts';

/** What one publication brought. */
export interface Recording {
  readonly stream: string;
  readonly tracks: Track[];
  /** Every declaration of tracks, in order. */
  readonly declared: (readonly Track[])[];
  readonly samples: Sample[];
  readonly failures: string[];
  isEnded: boolean;
}

/** A window that keeps one fragment a key frame, all of them. */
export class FakeWindow {
  readonly fragments: (LiveFragment & { samples: Sample[]; isComplete: boolean })[] = [];
  readonly #listeners = new Set<(change: LiveChange) => void>();
  isLive = false;
  run = 0;

  get current(): LiveFragment | undefined {
    const last = this.fragments.at(-1);
    return last?.isComplete === false ? last : undefined;
  }

  get nextOrdinal(): number {
    return this.fragments.length;
  }

  byOrdinal(ordinal: number): LiveFragment | undefined {
    return this.fragments[ordinal];
  }

  listen(listener: (change: LiveChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(sample: Sample, tracks: readonly Track[]): void {
    const video = tracks.find((track) => track.kind === 'video');
    const cuts = this.current === undefined || (sample.isSync && sample.trackId === video?.id);
    if (cuts) this.#begin(tracks);
    this.fragments.at(-1)?.samples.push(sample);
    this.#tell('sample');
  }

  end(): void {
    const last = this.fragments.at(-1);
    if (last !== undefined) last.isComplete = true;
    this.#tell('ended');
  }

  #begin(tracks: readonly Track[]): void {
    const last = this.fragments.at(-1);
    if (last !== undefined && !last.isComplete) {
      last.isComplete = true;
      this.#tell('fragment');
    }
    const { length: ordinal } = this.fragments;
    const info = { ordinal, run: this.run, independent: true } as LiveFragment['info'];
    const init = { id: tracks.map((track) => track.codecString).join(), bytes: new Uint8Array(0) };
    this.fragments.push({
      info,
      init,
      tracks,
      parts: [],
      samples: [],
      isComplete: false,
      tags: [],
      segment: [],
    });
  }

  #tell(change: LiveChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** Streams in memory: remembers every sample, refuses what it is told to. */
export class FakeStreams {
  readonly recordings: Recording[] = [];
  readonly windows = new Map<string, FakeWindow>();
  readonly revoke = new Map<string, PublishRequest['onRevoked']>();
  readonly viewers = new Set<string>();
  /** Resolvers of those who wait for a condition. */
  readonly #waiting = new Set<() => void>();
  /** Streams that may be opened though nobody ever published them, and names to refuse. */
  readonly invalid = new Set<string>(['..', '.']);
  takeover = false;
  /** Held until it resolves: a slow decision. */
  gate: Promise<void> = Promise.resolve();

  /** Resolves when the condition holds; it is looked at after each sample, declaration and end. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  last(stream: string): Recording | undefined {
    return this.recordings.findLast((recording) => recording.stream === stream);
  }

  window(stream: string): FakeWindow {
    const window = this.windows.get(stream) ?? new FakeWindow();
    this.windows.set(stream, window);
    return window;
  }

  get service(): StreamService {
    return {
      publish: (request: PublishRequest) => this.#publish(request),
      open: async (name: string) => {
        if (!this.windows.has(name)) throw new StreamError('not-found', `no stream ${name}`);
        return this.#open(name);
      },
    } as unknown as StreamService;
  }

  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #open(name: string): OpenStream {
    return {
      window: this.window(name) as unknown as LiveWindowReader,
      countViewer: (key: string) => this.viewers.add(key),
    } as unknown as OpenStream;
  }

  async #publish(request: PublishRequest): Promise<Publication> {
    await this.gate;
    const { stream } = request;
    if (this.invalid.has(stream)) throw new StreamError('invalid-name', `${stream} is not a stream name`);
    const revoke = this.revoke.get(stream);
    if (revoke !== undefined) {
      if (!this.takeover) throw new StreamError('busy', `${stream} is being published`);
      revoke('taken-over');
    }
    this.revoke.set(stream, request.onRevoked);
    const window = this.window(stream);
    window.isLive = true;
    window.run++;
    const recording: Recording = {
      stream,
      tracks: [],
      declared: [],
      samples: [],
      failures: [],
      isEnded: false,
    };
    this.recordings.push(recording);
    const publication: Publication = {
      stream: this.#open(stream),
      pendingBytes: 0,
      setTracks: (tracks) => {
        recording.declared.push(tracks);
        recording.tracks.splice(0, Infinity, ...tracks);
        this.#changed();
      },
      write: (sample) => {
        recording.samples.push(sample);
        window.add(sample, recording.tracks);
        this.#changed();
      },
      fail: (message) => {
        recording.failures.push(message);
        this.#changed();
      },
      end: async () => {
        if (recording.isEnded) return;
        recording.isEnded = true;
        if (this.revoke.get(stream) === request.onRevoked) {
          this.revoke.delete(stream);
          window.isLive = false;
          window.end();
        }
        this.#changed();
      },
    };
    return publication;
  }
}

/** Access by fixed secrets: each may do what its function says. `open`: everybody may do everything. */
export class FakeAccess implements Access, Signers {
  /** Secrets of `secrets` by the user that they are the password of. */
  readonly users = new Map<string, string>();
  readonly wrongAnswers: string[] = [];
  readonly secrets = new Map<string, (wish: Wish) => boolean>();
  readonly tokens = new Map<string, (wish: Wish) => boolean>();
  readonly seen: (string | undefined)[] = [];
  readonly #open: boolean;

  constructor(options: { readonly open: boolean }) {
    this.#open = options.open;
  }

  recognizeSecret(secret: string | undefined): Recognition {
    this.seen.push(secret);
    return this.#recognize(secret, this.secrets);
  }

  recognizeHttp(credentials: { readonly token: string | undefined }): Recognition {
    return this.#recognize(credentials.token, this.tokens);
  }

  get openPrincipal(): Principal | undefined {
    return this.#open ? principal(() => true) : undefined;
  }

  signer(user: string | undefined): SignerLookup {
    const secret = this.users.get(user ?? '');
    const may = this.secrets.get(secret ?? '');
    if (secret === undefined || may === undefined) return { ok: false, reason: 'invalid' };
    return { ok: true, secret, principal: principal(may) };
  }

  signatureFailed(user: string): void {
    this.wrongAnswers.push(user);
  }

  issuePlaybackToken(): string {
    return 'token';
  }

  #recognize(secret: string | undefined, known: ReadonlyMap<string, (wish: Wish) => boolean>): Recognition {
    if (this.#open) return { ok: true, principal: principal(() => true) };
    if (secret === undefined) return { ok: false, reason: 'no-credentials' };
    const may = known.get(secret);
    return may === undefined ? { ok: false, reason: 'invalid' } : { ok: true, principal: principal(may) };
  }
}

function principal(may: (wish: Wish) => boolean): Principal {
  return { kind: 'key', id: 'TEST', may };
}

/** Keeps every line as text, to look for secrets in. */
export class MemoryLog {
  text = '';
  readonly logger: Logger;

  constructor() {
    const write = (line: string) => {
      this.text += line;
    };
    this.logger = pino({ level: 'debug' }, { write });
  }
}
