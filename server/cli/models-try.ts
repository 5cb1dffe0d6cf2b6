import { open, readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Detection } from '../../ml/detect/detection.ts';
import { DEFAULT_MODEL } from '../../ml/models/built-in-models.ts';
import type { Profile } from '../../ml/models/input-shape.ts';
import { TrialProcess } from '../../ml/models/trial-process.ts';
import { pictureOfFile } from '../../ml/picture/picture-of-file.ts';
import type { RgbPicture } from '../../ml/picture/rgb-picture.ts';
import { annotatedPicture } from './annotated-picture.ts';
import { type ClipPicture, clipPictures } from './clip-pictures.ts';
import { defineCommand } from './command.ts';
import { modelFlags, modelFolder } from './model-folder.ts';
import { ProgressLine } from './progress-line.ts';
import { table } from './table.ts';
import { CommandError, UsageError } from './usage-error.ts';

const MAX_PICTURE_BYTES = 100 * 1024 * 1024;
const PROFILES = ['fast', 'balanced', 'far'] as const;
const OUT_TYPES: Readonly<Record<string, 'jpeg' | 'png'>> = {
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.png': 'png',
};

/** What was found in one picture. */
interface Look {
  readonly atMs: number;
  readonly picture: RgbPicture;
  readonly detections: readonly Detection[];
}

export const tryModelCommand = defineCommand({
  positionals: ['IMAGE_OR_CLIP'],
  options: {
    model: { type: 'string', value: 'NAME', help: `Which model looks (${DEFAULT_MODEL}).` },
    out: {
      type: 'string',
      value: 'FILE',
      help: 'Write the picture with its boxes: .jpg or .png. Of a clip, the surest one.',
    },
    'min-score': { type: 'string', value: 'SCORE', help: "Least score, 0 to 1 (the model's own)." },
    labels: {
      type: 'string',
      value: 'LIST',
      help: "What is looked for: labels or groups (the model's own list).",
    },
    profile: {
      type: 'string',
      value: PROFILES.join('|'),
      help: 'How closely models look that can be re-shaped (balanced).',
    },
    ...modelFlags,
    json: { type: 'boolean', help: 'Answer in JSON.' },
  },
  details:
    'A JPEG, PNG or WebP picture, or an MP4 file, of which each key frame is looked at.\nModel and decoder run in processes of their own.',
  examples: [
    { line: 'framelog models try street.jpg --out seen.jpg', what: 'What the built-in model finds.' },
    {
      line: 'framelog models try clip.mp4 --model yolo11n --min-score 0.5',
      what: 'Each key frame of a clip.',
    },
    {
      line: 'framelog models try clip.mp4 --labels person,vehicle --profile far',
      what: 'Only people and vehicles, far away.',
    },
  ],
  async run(options, [file = ''], terminal) {
    const { model = DEFAULT_MODEL, profile = 'balanced' } = options;
    if (!isProfile(profile)) throw new UsageError(`--profile must be ${PROFILES.join(', ')}, not ${profile}`);
    const outType = options.out === undefined ? undefined : OUT_TYPES[extname(options.out).toLowerCase()];
    if (options.out !== undefined && outType === undefined)
      throw new UsageError('--out must end in .jpg or .png');
    const minScore = parseScore(options['min-score']);
    const directory = modelFolder(options, terminal);
    const labels = options.labels?.split(',').map((label) => label.trim());
    const progress = new ProgressLine(terminal);
    const looks: Omit<Look, 'picture'>[] = [];
    let best: Look | undefined;
    let trial: TrialProcess | undefined;
    try {
      for await (const { atMs, picture } of picturesOf(file)) {
        progress.update(() => `${looks.length} pictures looked at`);
        trial ??= await TrialProcess.open({
          name: model,
          directory,
          profile,
          aspect: picture.width / picture.height,
          ...(labels === undefined ? {} : { labels }),
        });
        const detections = await trial.look(picture, minScore ?? trial.report.threshold);
        looks.push({ atMs, detections });
        if (best === undefined || surest(detections) > surest(best.detections))
          best = { atMs, picture, detections };
      }
    } finally {
      progress.clear();
      await trial?.close();
    }
    if (best === undefined || trial === undefined) throw new CommandError(`${file} has no pictures`);
    const { report } = trial;
    if (options.json === true) terminal.out(`${JSON.stringify({ model, ...report, pictures: looks })}\n`);
    else terminal.out(asText(looks, looks.length > 1));
    if (options.out !== undefined && outType !== undefined) {
      await writeFile(options.out, await annotatedPicture(best.picture, best.detections, outType));
      terminal.err(
        `Written: ${options.out}${looks.length > 1 ? ` (the picture at ${seconds(best.atMs)})` : ''}\n`,
      );
    }
    return 0;
  },
});

async function* picturesOf(path: string): AsyncGenerator<ClipPicture> {
  if (await isMp4(path)) {
    yield* clipPictures(path);
    return;
  }
  yield { atMs: 0, picture: await pictureOfFile(await readFile(path)) };
}

/** By its first box, whatever its name. */
async function isMp4(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const start = Buffer.alloc(8);
    await handle.read(start, 0, 8, 0);
    const isMovie = ['ftyp', 'moov', 'styp', 'free', 'skip', 'mdat', 'wide'].includes(
      start.toString('latin1', 4),
    );
    if (!isMovie && (await handle.stat()).size > MAX_PICTURE_BYTES)
      throw new CommandError(`${path} is too large for a picture`);
    return isMovie;
  } finally {
    await handle.close();
  }
}

function isProfile(text: string): text is Profile {
  return (PROFILES as readonly string[]).includes(text);
}

function parseScore(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const score = Number(text);
  if (!(score >= 0 && score <= 1))
    throw new UsageError(`--min-score must be a number from 0 to 1, not ${text}`);
  return score;
}

function surest(detections: readonly Detection[]): number {
  return detections[0]?.score ?? -1;
}

function asText(looks: readonly Omit<Look, 'picture'>[], isClip: boolean): string {
  const rows = looks.flatMap(({ atMs, detections }) => {
    const time = isClip ? [seconds(atMs)] : [];
    if (detections.length === 0) return isClip ? [[...time, '-']] : [];
    return detections.map(({ label, score, box }) => [
      ...time,
      label,
      score.toFixed(2),
      ...box.map((side) => side.toFixed(3)),
    ]);
  });
  if (rows.length === 0) return 'Nothing found.\n';
  return table([[...(isClip ? ['time'] : []), 'label', 'score', 'left', 'top', 'width', 'height'], ...rows]);
}

function seconds(atMs: number): string {
  return `${(atMs / 1000).toFixed(3)} s`;
}
