import type { FileKey } from '../log/file-summary.ts';
import type { FragmentInfo } from './fragment.ts';
import type { FragmentIndex, StoredFragment } from './fragment-index.ts';
import type { FragmentSelector } from './fragment-log.ts';
import { parseFragmentNumber } from './fragment-number.ts';
import { isSameKey, type StoredFiles } from './stored-files.ts';

/** A fragment and the file that it is in. */
export interface FoundFragment {
  readonly stored: StoredFragment;
  readonly file: FileKey;
}

/**
 * Finds fragments: the table in memory names the file, its index the fragment. Retention may delete a file while its
 * index is being read: it is then passed over, as if the question had come a moment later.
 */
export class FragmentFinder {
  readonly #files: StoredFiles;

  constructor(files: StoredFiles) {
    this.#files = files;
  }

  /** See FragmentLog.find. Throws LogReadError. */
  find(selector: FragmentSelector): Promise<FoundFragment | undefined> {
    switch (selector.by) {
      case 'ordinal':
        return this.#byOrdinal(selector.ordinal);
      case 'number':
        return this.#byNumber(selector.number);
      case 'serverMs':
        return this.#byServerMs(selector.atMs);
      case 'producerMs':
        return this.#byProducerMs(selector.atMs);
      default:
        return selector satisfies never;
    }
  }

  /** See FragmentLog.list. Throws LogReadError. */
  async list(fromOrdinal: number, limit: number): Promise<FragmentInfo[]> {
    const infos: FragmentInfo[] = [];
    const first = this.#files.table.byOrdinal(fromOrdinal);
    for await (const { index } of this.#from(Math.max(0, first))) {
      for (let row = index.byOrdinal(fromOrdinal - 1) + 1; row < index.count; row++) {
        if (infos.length >= limit) return infos;
        infos.push(index.storedAt(row).info);
      }
      if (infos.length >= limit) return infos;
    }
    return infos;
  }

  /** See FragmentLog.startingIn. Throws LogReadError. */
  async startingIn(
    clock: 'server' | 'producer',
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    fromOrdinal: number,
    limit: number,
  ): Promise<FragmentInfo[]> {
    const { table } = this.#files;
    const infos: FragmentInfo[] = [];
    for (let at = Math.max(0, table.byOrdinal(fromOrdinal)); at < table.length && infos.length < limit; ) {
      const key = table.keyAt(at);
      const index = this.#mayStartIn(clock, at, fromMs, toMs)
        ? await this.#files.indexIfThere(key)
        : undefined;
      if (index !== undefined) {
        for (let row = index.byOrdinal(fromOrdinal - 1) + 1; row < index.count; row++) {
          const startMs = clock === 'server' ? index.serverMsAt(row) : index.producerMsAt(row);
          if (startMs < fromMs || startMs > toMs) continue;
          if (infos.length >= limit) return infos;
          infos.push(index.storedAt(row).info);
        }
      }
      at = table.bySequence(key.sequence) + 1;
    }
    return infos;
  }

  /** Files follow each other in server time; producer times may be anywhere. */
  #mayStartIn(clock: 'server' | 'producer', at: number, fromMs: number, toMs: number): boolean {
    const { table } = this.#files;
    if (clock === 'producer') return table.producerMinAt(at) <= toMs && table.producerMaxAt(at) >= fromMs;
    const endsBefore = at + 1 < table.length && table.firstServerMsAt(at + 1) < fromMs;
    return table.firstServerMsAt(at) <= toMs && !endsBefore;
  }

  /** The files from one on that are still there when their turn comes. */
  async *#from(first: number): AsyncGenerator<{ key: FileKey; index: FragmentIndex }> {
    const { table } = this.#files;
    for (let at = first; at < table.length; ) {
      const key = table.keyAt(at);
      const index = await this.#files.indexIfThere(key);
      if (index !== undefined) yield { key, index };
      // Deletions move the table: the next file is the one behind this sequence, wherever it is now.
      at = table.bySequence(key.sequence) + 1;
    }
  }

  async #byOrdinal(ordinal: number): Promise<FoundFragment | undefined> {
    const at = this.#files.table.byOrdinal(ordinal);
    if (at < 0) return undefined;
    const file = this.#files.table.keyAt(at);
    const index = await this.#files.indexIfThere(file);
    const row = index?.byOrdinal(ordinal) ?? -1;
    if (index === undefined || row < 0 || index.ordinalAt(row) !== ordinal) return undefined;
    return { stored: index.storedAt(row), file };
  }

  async #byNumber(number: string): Promise<FoundFragment | undefined> {
    const wanted = parseFragmentNumber(number);
    if (wanted === undefined) return undefined;
    const at = this.#files.table.bySequence(wanted.sequence);
    if (at < 0) return undefined;
    const file = this.#files.table.keyAt(at);
    const index = await this.#files.indexIfThere(file);
    const row = index?.bySequence(wanted.sequence) ?? -1;
    if (index === undefined || row < 0 || !isSameKey(index.keyAt(row), wanted)) return undefined;
    return { stored: index.storedAt(row), file };
  }

  async #byServerMs(atMs: number): Promise<FoundFragment | undefined> {
    for await (const { key, index } of this.#from(Math.max(0, this.#files.table.byServerMs(atMs)))) {
      const before = index.byServerMs(atMs);
      const isCovered = before >= 0 && atMs < index.serverMsAt(before) + index.durationMsAt(before);
      const row = isCovered ? before : before + 1;
      if (row < index.count) return { stored: index.storedAt(row), file: key };
    }
    return undefined;
  }

  /**
   * Producer time may go back where a producer's clock was set. The fragment that covers the instant is found wherever
   * it is, of several the one recorded last; when none does, the one with the earliest start after it.
   */
  async #byProducerMs(atMs: number): Promise<FoundFragment | undefined> {
    let next: FoundFragment | undefined;
    const consider = (key: FileKey, index: FragmentIndex): FoundFragment | undefined => {
      for (let row = index.count - 1; row >= 0; row--) {
        const startMs = index.producerMsAt(row);
        if (startMs <= atMs && atMs < startMs + index.durationMsAt(row)) {
          return { stored: index.storedAt(row), file: key };
        }
        if (startMs > atMs && startMs < (next?.stored.info.producerMs ?? Number.POSITIVE_INFINITY)) {
          next = { stored: index.storedAt(row), file: key };
        }
      }
      return undefined;
    };
    for (const key of this.#filesAround(atMs)) {
      const index = await this.#files.indexIfThere(key);
      const covering = index === undefined ? undefined : consider(key, index);
      if (covering !== undefined) return covering;
    }
    // Bounds are rounded, so the file with the smallest one is not always the one with the earliest start.
    const seen = new Set<number>();
    for (;;) {
      const key = this.#firstFileAfter(atMs, next?.stored.info.producerMs ?? Number.POSITIVE_INFINITY, seen);
      if (key === undefined) return next;
      seen.add(key.sequence);
      const index = await this.#files.indexIfThere(key);
      if (index !== undefined) consider(key, index);
    }
  }

  /** Files that may cover a producer time, the newest first. */
  #filesAround(atMs: number): FileKey[] {
    const { table } = this.#files;
    const keys: FileKey[] = [];
    for (let at = table.length - 1; at >= 0; at--) {
      if (table.producerMinAt(at) <= atMs && atMs < table.producerMaxAt(at)) keys.push(table.keyAt(at));
    }
    return keys;
  }

  /** The file with the earliest producer time in `(afterMs, beforeMs)`, among those not `seen`. */
  #firstFileAfter(afterMs: number, beforeMs: number, seen: ReadonlySet<number>): FileKey | undefined {
    const { table } = this.#files;
    let earliestMs = beforeMs;
    let found: FileKey | undefined;
    for (let at = 0; at < table.length; at++) {
      const startMs = table.producerMinAt(at);
      if (startMs <= afterMs || startMs >= earliestMs) continue;
      const key = table.keyAt(at);
      if (seen.has(key.sequence)) continue;
      earliestMs = startMs;
      found = key;
    }
    return found;
  }
}
