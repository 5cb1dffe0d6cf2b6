/** Names of a shard's log files: they tell where each begins, so that a directory listing is an index. */

export const RECORD_EXTENSION = '.records';

const NAME = /^(\d{16})-(\d{13,15})\.records$/;

/** One log file of a shard. */
export interface RecordFile {
  /** Without extension. */
  readonly name: string;
  readonly firstOrdinal: number;
  /** Arrival of its first record, epoch ms. */
  readonly firstArrivalMs: number;
}

/** The name, without extension, of the file that begins with this record. */
export function fileNameOf(firstOrdinal: number, arrivalMs: number): string {
  return `${String(firstOrdinal).padStart(16, '0')}-${String(arrivalMs).padStart(13, '0')}`;
}

/** The log files among the names of a directory, oldest first. Others are left alone. */
export function recordFilesOf(names: readonly string[]): RecordFile[] {
  const files: RecordFile[] = [];
  for (const fileName of names) {
    const match = NAME.exec(fileName);
    if (match === null) continue;
    const [firstOrdinal, firstArrivalMs] = [Number(match[1]), Number(match[2])];
    files.push({ name: fileName.slice(0, -RECORD_EXTENSION.length), firstOrdinal, firstArrivalMs });
  }
  return files.sort((a, b) => a.firstOrdinal - b.firstOrdinal);
}
