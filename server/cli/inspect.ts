import { basename, dirname, resolve } from 'node:path';
import { readInitSegment } from '../../fragments/cmaf/init-segment.ts';
import { Mp4Error } from '../../fragments/cmaf/mp4-error.ts';
import { LocalByteStore } from '../../fragments/log/local-byte-store.ts';
import { CodecError } from '../../fragments/media/codec-error.ts';
import type { Track } from '../../fragments/media/track.ts';
import { fragmentDurationMs } from '../../fragments/stream/fragment.ts';
import type { StoredFragment } from '../../fragments/stream/fragment-index.ts';
import { type FileInspection, type IndexState, inspectLogFile } from '../../fragments/stream/inspect-file.ts';
import { defineCommand } from './command.ts';
import { ProgressLine } from './progress-line.ts';
import { table } from './table.ts';

/** `ftyp` and `moov` of any log file are far smaller. */
const MAX_INIT_BYTES = 1024 * 1024;

export const inspect = defineCommand({
  positionals: ['LOGFILE'],
  options: {
    boxes: { type: 'boolean', help: 'List every top-level box with its offset and size.' },
    json: { type: 'boolean', help: 'Answer in JSON.' },
  },
  details:
    'Reads the whole file and verifies every checksum. Exit status 1 when something is damaged. A file that is being written\n' +
    'may end in the middle of a fragment.',
  examples: [
    {
      line: 'framelog inspect data/streams/door/FILE.mp4',
      what: 'Tracks, fragments with their times, and what is wrong.',
    },
    { line: 'framelog inspect FILE.mp4 --json', what: 'The same for a program.' },
  ],
  async run(options, [file = ''], terminal) {
    const path = resolve(file);
    const store = new LocalByteStore(dirname(path));
    const progress = new ProgressLine(terminal);
    const inspection = await inspectLogFile(store, basename(path), {
      onProgress: (done, total) => progress.update(() => `${Math.floor((100 * done) / total)} % of ${file}`),
    });
    progress.clear();
    const tracks = await readTracks(store, basename(path), inspection);
    const problems = findProblems(inspection, tracks);
    if (options.json === true)
      terminal.out(`${JSON.stringify(asJson(file, inspection, tracks, problems))}\n`);
    else terminal.out(asText(file, inspection, tracks, problems, options.boxes === true));
    return problems.length === 0 ? 0 : 1;
  },
});

/** The tracks of the init segment, `undefined` when it cannot be read. */
async function readTracks(
  store: LocalByteStore,
  path: string,
  { boxes }: FileInspection,
): Promise<readonly Track[] | undefined> {
  const moov = boxes.find(({ type }) => type === 'moov');
  const endBytes = moov === undefined ? 0 : moov.offsetBytes + moov.sizeBytes;
  if (endBytes === 0 || endBytes > MAX_INIT_BYTES) return undefined;
  const file = await store.openRead(path);
  try {
    const bytes = Buffer.alloc(endBytes);
    await file.read(bytes, 0);
    return readInitSegment(bytes);
  } catch (error) {
    if (error instanceof Mp4Error || error instanceof CodecError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** What is wrong, a line each. */
function findProblems(inspection: FileInspection, tracks: readonly Track[] | undefined): string[] {
  const { scan, sizeBytes, index } = inspection;
  if (scan.isTooNew) return ['a newer version of Framelog wrote this file'];
  if (inspection.fragments.length === 0) return ['no fragment of Framelog is in it'];
  const problems = scan.damaged.map(
    ({ startBytes, endBytes, reason }) => `bytes ${startBytes} to ${endBytes}: ${reason}`,
  );
  if (scan.goodBytes < sizeBytes)
    problems.push(`torn tail, bytes ${scan.goodBytes} to ${sizeBytes}: ${scan.tornReason}`);
  if (scan.isInitDamaged || tracks === undefined) problems.push('the init segment is damaged');
  const stray = inspection.chunks.filter(({ isCounted }) => !isCounted).length;
  if (stray > 0) problems.push(`${stray} chunks belong to fragments whose beginning is missing`);
  if (index === 'differs' || index === 'damaged') {
    problems.push(
      `the index beside it ${index === 'differs' ? 'does not say what the file says' : 'is damaged'}`,
    );
  }
  return problems;
}

function asText(
  file: string,
  inspection: FileInspection,
  tracks: readonly Track[] | undefined,
  problems: readonly string[],
  withBoxes: boolean,
): string {
  const { fragments, boxes, chunks, index } = inspection;
  const seconds = fragments.reduce((total, { info }) => total + fragmentDurationMs(info), 0) / 1000;
  const counts = [...Map.groupBy(boxes, ({ type }) => type)].map(([type, all]) => `${type} ${all.length}`);
  const facts = [
    ['file', `${file}, ${inspection.sizeBytes} bytes`],
    ['tracks', tracks === undefined ? 'cannot be read' : tracks.map(describeTrack).join('; ')],
    ['boxes', counts.join(', ')],
    ['media', `${fragments.length} fragments in ${chunks.length} chunks, ${seconds.toFixed(3)} s`],
    ['index', INDEX_TEXTS[index]],
    ['checks', problems.length === 0 ? 'all good' : problems.join('\n        ')],
  ];
  return [
    table(facts),
    ...(fragments.length === 0 ? [] : ['\n', table([FRAGMENT_COLUMNS, ...fragments.map(fragmentRow)])]),
    ...(withBoxes ? ['\n', table([['offset', 'size', 'box'], ...boxes.map(boxRow)])] : []),
  ].join('');
}

const INDEX_TEXTS: Readonly<Record<IndexState, string>> = {
  equal: 'equal to the one made from the file',
  differs: 'does not say what the file says',
  damaged: 'is damaged',
  missing: 'is missing: it is made when the file is finished, or by framelog verify --repair',
};

const FRAGMENT_COLUMNS = [
  'ordinal',
  'fragment number',
  'producer time',
  'seconds',
  'bytes',
  'chunks',
  'run',
  '',
];

function fragmentRow({ info, chunks }: StoredFragment): string[] {
  const marks = [
    ...(info.startsRun ? ['starts run'] : []),
    ...(info.gapBefore ? ['after a gap'] : []),
    ...(info.independent ? [] : ['no key frame']),
  ];
  return [
    String(info.ordinal),
    info.number,
    new Date(info.producerMs).toISOString(),
    (fragmentDurationMs(info) / 1000).toFixed(3),
    String(info.sizeBytes),
    String(chunks),
    String(info.run),
    marks.join(', '),
  ];
}

function boxRow({ type, offsetBytes, sizeBytes }: FileInspection['boxes'][number]): string[] {
  return [String(offsetBytes), String(sizeBytes), type];
}

/** `video avc1.64001f 1280x720`, `audio mp4a.40.2 48000 Hz 2 channels`. */
function describeTrack(track: Track): string {
  const size = track.width === undefined ? [] : [`${track.width}x${track.height}`];
  const sound =
    track.sampleRateHz === undefined ? [] : [`${track.sampleRateHz} Hz ${track.channels} channels`];
  return [track.kind, track.codecString || track.codec, ...size, ...sound].join(' ');
}

function asJson(
  file: string,
  { sizeBytes, boxes, fragments, index }: FileInspection,
  tracks: readonly Track[] | undefined,
  problems: readonly string[],
): unknown {
  return {
    file,
    sizeBytes,
    tracks:
      tracks?.map(({ config, ...facts }) => ({ ...facts, config: Buffer.from(config).toString('hex') })) ??
      null,
    boxes,
    fragments: fragments.map(({ info, ...place }) => ({ ...info, ...place })),
    index,
    problems,
  };
}
