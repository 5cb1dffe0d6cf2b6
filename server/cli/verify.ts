import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ByteStore } from '../../fragments/log/byte-store.ts';
import { LocalByteStore } from '../../fragments/log/local-byte-store.ts';
import { TieredByteStore } from '../../fragments/log/tiered-byte-store.ts';
import { claimWarmDirectory, recordedWarmDirectory } from '../../fragments/log/warm-mark.ts';
import { isStreamName, streamDirectory } from '../../fragments/stream/stream-directory.ts';
import { type StreamReport, type VerifyProblem, verifyStreams } from '../../fragments/stream/verify.ts';
import { CatalogError } from '../catalog/catalog.ts';
import { DataDirLock } from '../catalog/data-dir-lock.ts';
import { defineCommand } from './command.ts';
import { ProgressLine } from './progress-line.ts';
import type { Terminal } from './terminal.ts';
import { CommandError } from './usage-error.ts';

export const verify = defineCommand({
  positionals: ['DIR'],
  options: {
    repair: { type: 'boolean', help: 'Make indexes anew and cut torn tails. Good media is never touched.' },
    stream: { type: 'string', multiple: true, value: 'NAME', help: 'Only this stream; may be given again.' },
    json: { type: 'boolean', help: 'Answer in JSON.' },
  },
  details:
    'DIR is the data folder of a server. Every checksum of every file is verified, indexes are held against the files.\n' +
    'Exit status 1 when something is wrong and was not repaired.',
  examples: [
    { line: 'framelog verify ./data', what: 'Look only.' },
    {
      line: 'framelog verify ./data --repair',
      what: 'Mend what can be mended; no server may run on the folder.',
    },
    { line: 'framelog verify ./data --stream front-door', what: 'One camera.' },
  ],
  async run(options, [dir = ''], terminal) {
    const dataDir = resolve(dir);
    assertStreams(dataDir, options.stream ?? []);
    const repair = options.repair === true;
    const lock = lockFolder(dataDir, repair, terminal);
    try {
      const progress = new ProgressLine(terminal);
      const report = await verifyStreams(storeOf(dataDir), {
        repair,
        ...(options.stream === undefined ? {} : { streams: options.stream }),
        onProgress: ({ stream, doneFiles, totalFiles }) =>
          progress.update(() => `${stream}: ${doneFiles} of ${totalFiles} files`),
      });
      progress.clear();
      if (options.json === true) terminal.out(`${JSON.stringify(report)}\n`);
      else terminal.out(asText(report.streams, report.isGood, repair));
      return report.isGood ? 0 : 1;
    } finally {
      lock?.release();
    }
  },
});

/** With the warm directory, where there is one: a server made sure of it when it was last there. */
function storeOf(dataDir: string): ByteStore {
  const hot = new LocalByteStore(dataDir);
  const warm = recordedWarmDirectory(dataDir);
  if (warm === undefined) return hot;
  claimWarmDirectory(dataDir, warm);
  return new TieredByteStore(hot, new LocalByteStore(warm));
}

function assertStreams(dataDir: string, streams: readonly string[]): void {
  if (!existsSync(join(dataDir, 'streams'))) {
    throw new CommandError(`there are no streams in ${dataDir}: DIR is the data folder of a server`);
  }
  const missing = streams.find(
    (stream) => !isStreamName(stream) || !existsSync(join(dataDir, streamDirectory(stream))),
  );
  if (missing !== undefined) throw new CommandError(`there is no stream ${missing} in ${dataDir}`);
}

/** Repairing needs the folder for itself. Looking is allowed beside a server, and on a medium that is read-only. */
function lockFolder(dataDir: string, repair: boolean, terminal: Terminal): DataDirLock | undefined {
  try {
    return DataDirLock.acquire(dataDir);
  } catch (error) {
    if (repair) throw error;
    if (error instanceof CatalogError && error.code === 'in-use') {
      terminal.err(
        'A server is running on this folder: its newest files are being written, and may look torn.\n',
      );
    }
    return undefined;
  }
}

function asText(streams: readonly StreamReport[], isGood: boolean, repair: boolean): string {
  const problems = streams.flatMap((report) =>
    report.problems.map((problem) => problemLine(report.stream, problem)),
  );
  const files = streams.reduce((total, report) => total + report.files, 0);
  const fragments = streams.reduce((total, report) => total + report.fragments, 0);
  const sizeBytes = streams.reduce((total, report) => total + report.sizeBytes, 0);
  const looked = `${streams.length} streams, ${files} files, ${fragments} fragments, ${sizeBytes} bytes`;
  const mendable = !repair && streams.some((report) => report.problems.some(isMendable));
  return [
    ...problems,
    `${looked}: ${summaryOf(problems.length, isGood)}\n`,
    ...(mendable ? ['framelog verify --repair makes indexes anew and cuts torn tails.\n'] : []),
  ].join('');
}

function summaryOf(problems: number, isGood: boolean): string {
  if (problems === 0) return 'all good';
  return isGood ? `${problems} problems, all repaired` : `${problems} problems`;
}

function isMendable({ kind }: VerifyProblem): boolean {
  return kind === 'index' || kind === 'manifest' || kind === 'torn-tail';
}

function problemLine(stream: string, { kind, file, detail, isRepaired }: VerifyProblem): string {
  return `${stream}/${file}: ${kind}: ${detail}${isRepaired ? ' (repaired)' : ''}\n`;
}
