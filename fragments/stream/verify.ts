import { type ByteStore, StoreError } from '../log/byte-store.ts';
import { encodeSummary, type FileSummary } from '../log/file-summary.ts';
import { Manifest } from '../log/manifest.ts';
import { type FragmentIndex, summarize } from './fragment-index.ts';
import { compareIndex } from './inspect-file.ts';
import { scanLogFile } from './log-scan.ts';
import { EXTENSION, fileNameOf, keyOfFileName } from './stored-files.ts';
import { streamDirectory, streamNames } from './stream-directory.ts';

/** What can be wrong. */
export type VerifyProblemKind =
  /** Bytes behind the last good chunk. */
  | 'torn-tail'
  /** Bad bytes with good chunks behind them: that media is lost. */
  | 'damaged'
  /** The init segment does not fit the id that the chunks name. */
  | 'init-damaged'
  /** No good fragment is in the file. */
  | 'nothing-good'
  /** A newer version wrote the file. */
  | 'too-new'
  | 'unreadable'
  /** The index does not say what the file says; disposable. */
  | 'index'
  /** The manifest does not say what the files say; disposable. */
  | 'manifest'
  /** Fragments are missing between two, and the second does not say that it follows a gap. */
  | 'ordinal-hole'
  /** Fragments are not in order. */
  | 'ordinal-order';

export interface VerifyProblem {
  readonly kind: VerifyProblemKind;
  readonly file: string;
  readonly detail: string;
  readonly isRepaired: boolean;
}

export interface StreamReport {
  readonly stream: string;
  readonly files: number;
  readonly fragments: number;
  readonly sizeBytes: number;
  readonly problems: readonly VerifyProblem[];
}

export interface VerifyReport {
  readonly streams: readonly StreamReport[];
  /** Nothing is wrong, or all of it was repaired. */
  readonly isGood: boolean;
}

export interface VerifyOptions {
  /**
   * Makes indexes and manifests anew and cuts torn tails. Never touches good media. Only while no server has the
   * directory open.
   */
  readonly repair?: boolean;
  /** Of these streams only. */
  readonly streams?: readonly string[];
  readonly onProgress?: (progress: {
    readonly stream: string;
    readonly file: string;
    readonly doneFiles: number;
    readonly totalFiles: number;
  }) => void;
}

/** Verifies every checksum of every file, indexes and manifests against the files, and the order of fragments. */
export async function verifyStreams(store: ByteStore, options: VerifyOptions = {}): Promise<VerifyReport> {
  const streams: StreamReport[] = [];
  for (const stream of options.streams ?? (await streamNames(store))) {
    streams.push(await new StreamVerifier(store, stream, options).verify());
  }
  const isGood = streams.every((report) => report.problems.every((problem) => problem.isRepaired));
  return { streams, isGood };
}

class StreamVerifier {
  readonly #store: ByteStore;
  readonly #stream: string;
  readonly #directory: string;
  readonly #options: VerifyOptions;
  readonly #problems: VerifyProblem[] = [];
  readonly #summaries: FileSummary[] = [];
  #fragments = 0;
  #sizeBytes = 0;
  #nextOrdinal: number | undefined;

  constructor(store: ByteStore, stream: string, options: VerifyOptions) {
    this.#store = store;
    this.#stream = stream;
    this.#directory = streamDirectory(stream);
    this.#options = options;
  }

  async verify(): Promise<StreamReport> {
    const names = (await this.#store.list(this.#directory))
      .filter((name) => keyOfFileName(name) !== undefined)
      .sort();
    for (const [at, file] of names.entries()) {
      this.#options.onProgress?.({
        stream: this.#stream,
        file,
        doneFiles: at,
        totalFiles: names.length,
      });
      try {
        await this.#verifyFile(file);
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.#report('unreadable', file, error.message);
      }
    }
    await this.#verifyManifest(new Set(names));
    return {
      stream: this.#stream,
      files: names.length,
      fragments: this.#fragments,
      sizeBytes: this.#sizeBytes,
      problems: this.#problems,
    };
  }

  #report(kind: VerifyProblemKind, file: string, detail: string, isRepaired = false): void {
    this.#problems.push({ kind, file, detail, isRepaired });
  }

  async #verifyFile(file: string): Promise<void> {
    const path = `${this.#directory}/${file}`;
    const opened = await this.#store.openRead(path);
    const scan = await scanLogFile(opened).finally(() => opened.close());
    this.#sizeBytes += opened.sizeBytes;
    if (scan.isTooNew) {
      this.#report('too-new', file, 'a newer version of Framelog wrote this file');
      return;
    }
    for (const { startBytes, endBytes, reason } of scan.damaged) {
      this.#report('damaged', file, `bytes ${startBytes} to ${endBytes}: ${reason}`);
    }
    if (scan.isInitDamaged) this.#report('init-damaged', file, 'the init segment is damaged');
    if (scan.index === undefined) {
      this.#report('nothing-good', file, scan.tornReason ?? 'there is no fragment in it');
      return;
    }
    if (scan.goodBytes < opened.sizeBytes) {
      const detail = `bytes ${scan.goodBytes} to ${opened.sizeBytes}: ${scan.tornReason}`;
      const { repair = false } = this.#options;
      if (repair) await this.#store.truncate(path, scan.goodBytes);
      this.#report('torn-tail', file, detail, repair);
    }
    await this.#verifyIndex(file, scan.index);
    this.#verifyOrder(file, scan.index);
    this.#fragments += scan.index.count;
    const key = keyOfFileName(file) ?? scan.index.keyAt(0);
    this.#summaries.push(summarize(scan.index, key, scan.goodBytes));
  }

  async #verifyIndex(file: string, index: FragmentIndex): Promise<void> {
    const name = file.replace(EXTENSION, '.idx');
    const state = await compareIndex(this.#store, `${this.#directory}/${name}`, index);
    if (state === 'equal') return;
    const { repair = false } = this.#options;
    if (repair) await this.#store.replace(`${this.#directory}/${name}`, index.bytes);
    this.#report(
      'index',
      name,
      state === 'differs' ? 'it does not say what the file says' : `it is ${state}`,
      repair,
    );
  }

  #verifyOrder(file: string, index: FragmentIndex): void {
    for (let row = 0; row < index.count; row++) {
      const { info } = index.storedAt(row);
      const expected = this.#nextOrdinal ?? info.ordinal;
      if (info.ordinal < expected) {
        this.#report('ordinal-order', file, `fragment ${info.ordinal} comes after ${expected - 1}`);
      } else if (info.ordinal > expected && !info.gapBefore) {
        this.#report('ordinal-hole', file, `fragments ${expected} to ${info.ordinal - 1} are missing`);
      }
      this.#nextOrdinal = info.ordinal + 1;
    }
  }

  /** The rows of files that are there must be what the files say; rows of deleted files may stand before them. */
  async #verifyManifest(present: ReadonlySet<string>): Promise<void> {
    const manifest = new Manifest(this.#store, this.#directory);
    const { rows, isIntact } = await manifest.load();
    const kept = rows.filter((row) => present.has(fileNameOf(row.key) + EXTENSION));
    // The newest file is not in it while it is written, nor after a crash: the next opening seals it.
    const lacksNewestOnly = kept.length === this.#summaries.length - 1;
    const differs =
      !isIntact ||
      !(kept.length === this.#summaries.length || lacksNewestOnly) ||
      kept.some((row, at) => !encodeSummary(row).equals(encodeSummary(this.#summaries[at] ?? row)));
    if (!differs) return;
    const { repair = false } = this.#options;
    const last = rows.at(-1);
    if (repair) {
      if (this.#summaries.length === 0 && last !== undefined) await manifest.write([last], 1);
      else await manifest.write(this.#summaries);
    }
    this.#report('manifest', 'manifest', isIntact ? 'it does not match the files' : 'it is damaged', repair);
  }
}
