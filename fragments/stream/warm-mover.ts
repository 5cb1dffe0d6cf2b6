import type { OpenFiles } from '../log/open-files.ts';
import type { TieredByteStore } from '../log/tiered-byte-store.ts';
import type { LogEvent } from './log-options.ts';
import { keyOfFileName } from './stored-files.ts';
import { streamDirectory } from './stream-directory.ts';

export interface WarmMoverOptions {
  readonly store: TieredByteStore;
  readonly openFiles: OpenFiles;
  /** Are the stream's sealed files to lie in warm? Asked anew in each round. */
  readonly isWarm: (stream: string) => boolean;
  readonly onEvent: (event: LogEvent) => void;
}

interface SealedFiles {
  /** Name of the newest: it and those before it are sealed, those behind it may be written. */
  newest: string;
  /** Some of them may still lie in hot. */
  isDue: boolean;
}

/**
 * Moves the sealed files of warm streams to the warm directory, one after the other, oldest first. Readers do not notice: who has
 * a file open keeps it, who opens it next finds it there. What could not be moved is tried again in the next round.
 */
export class WarmMover {
  readonly #options: WarmMoverOptions;
  readonly #sealed = new Map<string, SealedFiles>();
  #round: Promise<void> | undefined;
  #isClosed = false;
  #movedFiles = 0;
  #movedBytes = 0;
  #failures = 0;

  constructor(options: WarmMoverOptions) {
    this.#options = options;
  }

  get movedFiles(): number {
    return this.#movedFiles;
  }

  get movedBytes(): number {
    return this.#movedBytes;
  }

  get failures(): number {
    return this.#failures;
  }

  /** A file was sealed, or found so on opening. Names come in order. */
  sealed(stream: string, name: string): void {
    this.#sealed.set(stream, { newest: name, isDue: true });
  }

  /** The stream's log was closed. */
  forget(stream: string): void {
    this.#sealed.delete(stream);
  }

  /** Moves what is due; while a round is under way, joins it. Never rejects: failures become events. */
  run(): Promise<void> {
    this.#round ??= this.#runRound().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #runRound(): Promise<void> {
    for (const [stream, files] of [...this.#sealed]) {
      if (this.#isClosed) return;
      if (!files.isDue || !this.#options.isWarm(stream)) continue;
      try {
        files.isDue = false; // before: what is sealed meanwhile makes it due again
        await this.#moveStream(stream);
      } catch (error) {
        files.isDue = true;
        this.#failures++;
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onEvent({ type: 'move-failed', stream, reason });
      }
    }
  }

  async #moveStream(stream: string): Promise<void> {
    const { store, isWarm } = this.#options;
    const directory = streamDirectory(stream);
    const names = (await store.hot.list(directory))
      .filter((name) => keyOfFileName(name) !== undefined)
      .sort();
    for (const name of names) {
      const sealed = this.#sealed.get(stream);
      if (this.#isClosed || sealed === undefined || name > sealed.newest) return;
      if (!isWarm(stream)) {
        sealed.isDue = true;
        return;
      }
      await this.#moveFile(stream, name, `${directory}/${name}`);
    }
  }

  async #moveFile(stream: string, file: string, path: string): Promise<void> {
    const { store, openFiles, onEvent } = this.#options;
    const sizeBytes = await store.moveToWarm(path);
    if (sizeBytes === undefined) return;
    // Who reads it keeps the copy in hot open; the next one opens that in warm.
    openFiles.forget(path, sizeBytes);
    this.#movedFiles++;
    this.#movedBytes += sizeBytes;
    onEvent({ type: 'moved', stream, file, sizeBytes });
  }

  /** Stops; files that are being moved stay where they were. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.store.cancelMoves('');
    await this.#round;
  }
}
