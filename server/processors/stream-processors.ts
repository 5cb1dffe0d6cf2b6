import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Clock } from '../../fragments/log/clock.ts';
import type { FrameRef } from '../../ml/watch/frame.ts';
import { CatalogError } from '../catalog/catalog-error.ts';
import type {
  FaceSearchWork,
  LabelWork,
  ProcessorCatalog,
  ProcessorRecord,
  ProcessorSession,
} from '../catalog/processor-catalog.ts';
import type { AttachedWatch, DetectionService } from '../detection/detection-service.ts';
import type { StreamService } from '../streams/stream-service.ts';
import { type FaceSearchParts, runFaceSearch } from './face-search.ts';
import { LabelMessages } from './label-messages.ts';
import { runLabelSession } from './label-session.ts';
import { ProcessorError } from './processor-error.ts';
import type { RecordOutbox } from './record-outbox.ts';
import { labelSettings } from './watch-settings.ts';

export type ProcessorStatus = 'STOPPED' | 'STARTING' | 'RUNNING' | 'FAILED' | 'STOPPING';

export interface ProcessorDescription {
  readonly processor: ProcessorRecord;
  readonly status: ProcessorStatus;
  /** For people: why it is as it is. */
  readonly message: string | undefined;
}

/** What can be asked for. */
export type NewProcessor = Omit<ProcessorRecord, 'createdMs' | 'updatedMs' | 'state'>;

export interface StreamProcessorsOptions {
  readonly catalog: ProcessorCatalog;
  readonly detection: FaceSearchParts['detection'] & Pick<DetectionService, 'supervisor'>;
  readonly galleries: FaceSearchParts['galleries'];
  readonly streams: Pick<StreamService, 'record' | 'open'>;
  readonly outbox: RecordOutbox;
  /** Where the picture of a frame can be got. */
  readonly frameUri: (stream: string, frame: FrameRef) => string;
  readonly maxProcessors: number;
  /** A label session ends when no video comes for so long. */
  readonly idleMs: number;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
}

/** A processor that is at work. */
type Run =
  | { readonly kind: 'face-search'; readonly watch: AttachedWatch }
  | { readonly kind: 'labels'; readonly abort: AbortController; readonly done: Promise<void> };

const DEFAULT_SESSION_SECONDS = 10;

/**
 * The stream processors of this server. What was started runs until it is over or stopped, also after a restart. Durable before
 * a method answers; all throw ProcessorError.
 */
export class StreamProcessors {
  readonly #options: StreamProcessorsOptions;
  readonly #runs = new Map<string, Run>();
  readonly #stopping = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: StreamProcessorsOptions) {
    this.#options = options;
  }

  /** Takes up the work of those that were running when the server ended. */
  start(): void {
    this.#options.outbox.start();
    for (const processor of this.#options.catalog.list()) {
      const { name, state } = processor;
      if (state.wish !== 'running') continue;
      try {
        this.#check(processor);
        this.#run(processor, state.session);
      } catch (error) {
        if (!(error instanceof ProcessorError)) throw error;
        this.#fail(name, state.session.id, error.message);
      }
    }
  }

  /** In name order. */
  list(page: { readonly after?: string; readonly limit: number }): ProcessorDescription[] {
    return this.#options.catalog.list(page).map((processor) => this.#describe(processor));
  }

  /** How many there are, by status. */
  counts(): Readonly<Partial<Record<ProcessorStatus, number>>> {
    const counts: Partial<Record<ProcessorStatus, number>> = {};
    for (const processor of this.#options.catalog.list()) {
      const { status } = this.#describe(processor);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  describe(name: string): ProcessorDescription {
    return this.#describe(this.#get(name));
  }

  /** Asking twice for the same processor answers the one that is there ("Name is idempotent"). */
  create(wish: NewProcessor): ProcessorRecord {
    const { catalog, clock, maxProcessors } = this.#options;
    const known = catalog.get(wish.name);
    if (known !== undefined) {
      const { createdMs: _created, updatedMs: _updated, state: _state, ...same } = known;
      if (isDeepStrictEqual(same, { ...wish })) return known;
      throw new ProcessorError('in-use', `There is another stream processor ${wish.name}.`);
    }
    if (catalog.count() >= maxProcessors) {
      throw new ProcessorError('limit-exceeded', `There are ${maxProcessors} stream processors already.`);
    }
    const nowMs = clock.nowMs();
    const processor: ProcessorRecord = {
      ...wish,
      createdMs: nowMs,
      updatedMs: nowMs,
      state: { wish: 'stopped' },
    };
    catalog.insert(processor);
    return processor;
  }

  /** Begins a session; answers it. */
  begin(name: string, wish: Pick<ProcessorSession, 'from' | 'maxDurationSeconds'>): ProcessorSession {
    if (this.#isClosed) throw new ProcessorError('closing', 'The server is closing.');
    const processor = this.#get(name);
    if (this.#isBusy(name)) {
      throw new ProcessorError('in-use', `The stream processor ${name} is running already.`);
    }
    this.#check(processor);
    const isLabels = processor.work.type === 'labels';
    if (isLabels !== (wish.from !== undefined) || (!isLabels && wish.maxDurationSeconds !== undefined)) {
      throw new ProcessorError(
        'not-for-kind',
        'A stream processor that looks for labels needs a start selector; one that looks for faces takes no selectors.',
      );
    }
    const session: ProcessorSession = {
      id: randomUUID(),
      startedMs: this.#options.clock.nowMs(),
      ...wish,
      ...(isLabels ? { maxDurationSeconds: wish.maxDurationSeconds ?? DEFAULT_SESSION_SECONDS } : {}),
    };
    const started: ProcessorRecord = { ...processor, state: { wish: 'running', session } };
    this.#put(started);
    this.#run(started, session);
    return session;
  }

  /** Resolves when it is at rest; one that is, stays so. */
  async stop(name: string): Promise<void> {
    const processor = this.#get(name);
    const stopping = this.#stopping.get(name);
    if (stopping !== undefined) return stopping;
    if (processor.state.wish === 'stopped') return;
    this.#put({ ...processor, state: { wish: 'stopped' } });
    await this.#halt(name);
  }

  /** Changes one that is at rest. */
  change(name: string, change: Partial<Pick<ProcessorRecord, 'work' | 'regions' | 'told'>>): void {
    const processor = this.#get(name);
    if (this.#isBusy(name)) {
      throw new ProcessorError('in-use', `Stop the stream processor ${name} before you change it.`);
    }
    this.#put({ ...processor, ...change });
  }

  setTags(name: string, tags: ProcessorRecord['tags']): void {
    this.#options.catalog.update({ ...this.#get(name), tags });
  }

  /** One that is at rest, with what it had still to deliver. */
  remove(name: string): void {
    this.#get(name);
    if (this.#isBusy(name)) {
      throw new ProcessorError('in-use', `Stop the stream processor ${name} before you delete it.`);
    }
    this.#options.catalog.remove(name);
  }

  /** What runs goes on with the next start. Watches are closed with those of the detection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const sessions = [...this.#runs].filter(([, { kind }]) => kind === 'labels');
    await Promise.all(sessions.map(([name]) => this.#halt(name)));
    await Promise.all(this.#stopping.values());
    await this.#options.outbox.close();
  }

  #get(name: string): ProcessorRecord {
    const processor = this.#options.catalog.get(name);
    if (processor === undefined) {
      throw new ProcessorError('not-found', `There is no stream processor ${name}.`);
    }
    return processor;
  }

  #put(processor: ProcessorRecord): void {
    this.#options.catalog.update({ ...processor, updatedMs: this.#options.clock.nowMs() });
  }

  #isBusy(name: string): boolean {
    return this.#runs.has(name) || this.#stopping.has(name);
  }

  #describe(processor: ProcessorRecord): ProcessorDescription {
    const { name, state, work } = processor;
    const waits = this.#options.outbox.problemOf(name);
    const of = (status: ProcessorStatus, message: string | undefined): ProcessorDescription => ({
      processor,
      status,
      message: message === undefined || message === '' ? waits : message,
    });
    if (this.#stopping.has(name)) return of('STOPPING', undefined);
    if (state.wish === 'failed') return of('FAILED', state.message);
    if (state.wish === 'stopped') return of('STOPPED', state.message);
    // "While the label detection stream processor runs, it stays in STARTING."
    if (work.type === 'labels') return of('STARTING', undefined);
    const run = this.#runs.get(name);
    const watch = run?.kind === 'face-search' ? run.watch.status : undefined;
    return of(watch?.state === 'failed' ? 'FAILED' : 'RUNNING', watch?.message);
  }

  #check(processor: ProcessorRecord): void {
    const problem = this.#problemOf(processor);
    if (problem !== undefined) throw problem;
  }

  /** Why it must not run. */
  #problemOf({ stream, work }: ProcessorRecord): ProcessorError | undefined {
    const { streams, detection } = this.#options;
    if (streams.record(stream.name)?.createdMs !== stream.createdMs) {
      return new ProcessorError('no-stream', `The stream ${stream.arn} does not exist.`);
    }
    if (work.type === 'face-search' && !detection.settingsOf(stream.name).faces.consent) {
      return new ProcessorError(
        'no-consent',
        `Faces are not looked for on ${stream.name}: whoever may decide so sets faces.consent in the detection settings of the ` +
          `stream (PATCH /api/streams/${stream.name}/detection).`,
      );
    }
    return undefined;
  }

  #run(processor: ProcessorRecord, session: ProcessorSession): void {
    const { name, work } = processor;
    const run: Run =
      work.type === 'labels'
        ? this.#runLabels({ ...processor, work }, session)
        : this.#runFaceSearch({ ...processor, work }, session);
    this.#runs.set(name, run);
  }

  #runFaceSearch(
    processor: ProcessorRecord & { readonly work: FaceSearchWork },
    session: ProcessorSession,
  ): Run {
    const { name } = processor;
    const watch = runFaceSearch(this.#options, {
      processor,
      watch: watchNameOf(name),
      onRecord: (record) => this.#deliver(processor, record),
      problem: () => this.#problemOf(processor)?.message,
      onGivenUp: (reason) => this.#fail(name, session.id, reason),
    });
    return { kind: 'face-search', watch };
  }

  #runLabels(processor: ProcessorRecord & { readonly work: LabelWork }, session: ProcessorSession): Run {
    const { name } = processor;
    const abort = new AbortController();
    const done = this.#runSession(processor, session, abort.signal).then(
      (message) => {
        // Otherwise it was stopped, or goes on after the restart.
        if (!abort.signal.aborted) this.#end(name, session.id, { wish: 'stopped', message });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        this.#options.logger.warn({ err: error, processor: name }, 'a label session has failed');
        this.#end(name, session.id, { wish: 'failed', message: messageOf(error) });
      },
    );
    return { kind: 'labels', abort, done };
  }

  async #runSession(
    processor: ProcessorRecord & { readonly work: LabelWork },
    session: ProcessorSession,
    signal: AbortSignal,
  ): Promise<string> {
    const { streams, detection, frameUri, idleMs, clock } = this.#options;
    const { name, stream, work } = processor;
    const open = await streams.open(stream.name);
    return runLabelSession({
      watch: watchNameOf(name),
      session,
      stream: open,
      supervisor: detection.supervisor,
      settings: labelSettings(detection.settingsOf(stream.name), work),
      messages: new LabelMessages(processor, session, (frame) => frameUri(stream.name, frame)),
      onMessage: (message) => {
        // A session that the server's end breaks off is looked at again as a whole.
        if (!this.#isClosed) this.#deliver(processor, message);
      },
      idleMs,
      clock,
      signal,
    });
  }

  #deliver({ name, dataStream, stream }: ProcessorRecord, document: object): void {
    const { outbox, logger } = this.#options;
    try {
      const data = Buffer.from(JSON.stringify(document));
      outbox.add({ processor: name, dataStream, partitionKey: stream.name, data });
    } catch (err) {
      // A result that was on its way when the processor was deleted.
      if (err instanceof CatalogError && err.code === 'not-found') return;
      outbox.counters.dropped += 1;
      logger.error({ err, processor: name }, 'a record of a stream processor was not kept');
    }
  }

  /** What runs comes to rest. */
  #halt(name: string): Promise<void> {
    const run = this.#runs.get(name);
    if (run === undefined) return Promise.resolve();
    this.#runs.delete(name);
    const stopping = restOf(run)
      .catch((err: unknown) => this.#options.logger.error({ err, processor: name }, 'a watch did not stop'))
      .finally(() => this.#stopping.delete(name));
    this.#stopping.set(name, stopping);
    return stopping;
  }

  /** Gives up a session, if it is still that one. */
  #fail(name: string, sessionId: string, message: string): void {
    if (!this.#end(name, sessionId, { wish: 'failed', message })) return;
    this.#options.logger.warn({ processor: name, reason: message }, 'a stream processor was given up');
    void this.#halt(name);
  }

  #end(name: string, sessionId: string, state: ProcessorRecord['state']): boolean {
    const processor = this.#options.catalog.get(name);
    if (processor?.state.wish !== 'running' || processor.state.session.id !== sessionId) return false;
    this.#put({ ...processor, state });
    if (processor.work.type === 'labels') this.#runs.delete(name);
    return true;
  }
}

async function restOf(run: Run): Promise<void> {
  if (run.kind === 'face-search') return run.watch.stop();
  run.abort.abort();
  await run.done;
}

function watchNameOf(name: string): string {
  return `processor:${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
