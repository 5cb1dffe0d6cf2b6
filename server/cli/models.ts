import { readFile } from 'node:fs/promises';
import { addModel } from '../../ml/models/add-model.ts';
import type { ModelFacts } from '../../ml/models/draft-manifest.ts';
import { FAMILIES, type Family } from '../../ml/models/manifest.ts';
import { type BrokenModel, ModelRegistry, type RegisteredModel } from '../../ml/models/model-registry.ts';
import { defineCommand } from './command.ts';
import { modelFlags, modelFolder } from './model-folder.ts';
import { table } from './table.ts';
import { CommandError, UsageError } from './usage-error.ts';

const MAX_LABELS_BYTES = 1024 * 1024;

export const listModels = defineCommand({
  positionals: [],
  options: { ...modelFlags, json: { type: 'boolean', help: 'Answer in JSON.' } },
  details: 'Exit status 1 when a folder holds no model that can be used.',
  examples: [
    { line: 'framelog models list', what: 'What is built in, and what was added.' },
    {
      line: 'framelog models list --data /var/lib/framelog --json',
      what: 'Of another server, for a program.',
    },
  ],
  async run(options, _positionals, terminal) {
    const { models, broken } = await new ModelRegistry(modelFolder(options, terminal)).list();
    if (options.json === true) {
      terminal.out(`${JSON.stringify([...models.map(asJson), ...broken.map(brokenAsJson)])}\n`);
    } else {
      terminal.out(
        table([
          ['name', 'family', 'input', 'labels', 'threshold', 'size', 'sha256', 'license'],
          ...models.map(asRow),
        ]),
      );
      terminal.err(broken.map(({ name, error }) => `${name}: ${error.message}\n`).join(''));
    }
    return broken.length === 0 ? 0 : 1;
  },
});

export const addModelCommand = defineCommand({
  positionals: ['FOLDER_OR_MODEL_JSON'],
  options: {
    name: { type: 'string', value: 'NAME', help: 'What settings will call it: letters, digits, . _ -' },
    family: { type: 'string', value: 'FAMILY', help: `How its numbers are read: ${FAMILIES.join(', ')}.` },
    labels: {
      type: 'string',
      value: 'LIST_OR_FILE',
      help: 'Classes in their order, or a file with one on each line; `1:person,3:car` numbers them.',
    },
    input: {
      type: 'string',
      value: 'WxH',
      help: 'Pixels of its input, where the graph does not say: `640x640`.',
    },
    layout: { type: 'string', value: 'nhwc|nchw', help: 'Order of the axes of its input.' },
    range: { type: 'string', value: 'RANGE', help: 'Black and white: `0..255`, `0..1` or `-1..1`.' },
    order: { type: 'string', value: 'rgb|bgr', help: 'Order of the colours.' },
    resize: { type: 'string', value: 'stretch|letterbox', help: 'How pictures of another shape are put in.' },
    output: {
      type: 'string',
      multiple: true,
      value: 'KEY=NAME',
      help: 'Which output is which: `boxes=Identity_1`; the keys of `outputs` in docs/detection.md.',
    },
    'default-labels': {
      type: 'string',
      value: 'LIST',
      help: 'What is looked for unless a camera says otherwise.',
    },
    threshold: { type: 'string', value: 'SCORE', help: 'Least score, 0 to 1 (0.35).' },
    iou: { type: 'string', value: 'SHARE', help: 'Boxes that overlap more than this are one object (0.5).' },
    module: {
      type: 'string',
      value: 'FILE',
      help: 'Of family `custom`: its post-processing, beside the graph (postprocess.ts).',
    },
    license: { type: 'string', value: 'TEXT', help: 'Kept with the model.' },
    replace: { type: 'boolean', help: 'Take the place of the model of this name.' },
    ...modelFlags,
    json: { type: 'boolean', help: 'Answer in JSON.' },
  },
  details:
    'A TensorFlow.js graph model: model.json with its files of weights. A folder with a manifest.json needs --name only.\n' +
    'The model is checked, hashed, tried in a process of its own, and copied. A camera uses it when its settings name it.',
  examples: [
    {
      line: 'framelog models add ./yolo11n_web_model/model.json --name yolo11n --family yolo --labels coco.txt',
      what: 'Input, output and layout are found in the graph.',
    },
    {
      line: 'framelog models add ssd.json --name ssd --family ssd --labels 1:person,3:car --output boxes=A --output scores=B',
      what: 'Where the outputs have no telling names.',
    },
    { line: 'framelog models add ./my-model --name mine --replace', what: 'A folder with a manifest.json.' },
  ],
  async run(options, [source = ''], terminal) {
    if (options.name === undefined) throw new UsageError('--name is missing');
    const facts = options.family === undefined ? undefined : await factsOf(options, options.family);
    const { model, trial } = await addModel({
      source,
      name: options.name,
      directory: modelFolder(options, terminal),
      replace: options.replace === true,
      ...(facts === undefined ? {} : { facts }),
      onStep: (text) => terminal.err(`${text}...\n`),
    });
    if (options.json === true) terminal.out(`${JSON.stringify({ ...asJson(model), trial })}\n`);
    else {
      const { name, sha256 } = model.identity;
      terminal.out(
        `Added ${name} (${model.manifest.family}, ${trial.input.width}x${trial.input.height}, ${trial.labels.length} labels looked for)\n` +
          `sha256  ${sha256}\n` +
          `speed   first picture ${Math.round(trial.firstMs)} ms, then ${Math.round(trial.nextMs)} ms on ${trial.backend}\n` +
          `try it  framelog models try PICTURE --model ${name} --out seen.jpg\n`,
      );
    }
    return 0;
  },
});

interface FactOptions {
  readonly labels?: string;
  readonly input?: string;
  readonly layout?: string;
  readonly range?: string;
  readonly order?: string;
  readonly resize?: string;
  readonly output?: readonly string[];
  readonly 'default-labels'?: string;
  readonly threshold?: string;
  readonly iou?: string;
  readonly module?: string;
  readonly license?: string;
}

async function factsOf(options: FactOptions, family: string): Promise<ModelFacts> {
  if (!isFamily(family))
    throw new UsageError(`--family must be one of ${FAMILIES.join(', ')}, not ${family}`);
  if (options.labels === undefined)
    throw new UsageError('--labels is missing: the classes of the model, in their order');
  const { layout, range, order, resize, module, license } = options;
  const facts = {
    ...parseInput(options.input),
    layout,
    range,
    order,
    resize,
    module,
    license,
    outputs: Object.fromEntries((options.output ?? []).map(parseOutput)),
    defaultLabels: options['default-labels']?.split(','),
    threshold: parseShare('--threshold', options.threshold),
    iou: parseShare('--iou', options.iou),
  };
  const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return { family, ...(await readClasses(options.labels)), ...given };
}

function isFamily(text: string): text is Family {
  return (FAMILIES as readonly string[]).includes(text);
}

/** A model's classes; with their numbers where those are not 0, 1, 2... */
async function readClasses(text: string): Promise<Pick<ModelFacts, 'labels' | 'classMap'>> {
  const entries = await readEntries(text);
  const numbered = entries.flatMap((entry) => {
    const [, number, label] = /^(\d{1,6})(?:\s*:\s*|\s+)(.+)$/.exec(entry) ?? [];
    return number === undefined || label === undefined ? [] : [[String(Number(number)), label] as const];
  });
  if (entries.length === 0 || numbered.length < entries.length) return { labels: entries };
  return { labels: [...new Set(numbered.map(([, label]) => label))], classMap: Object.fromEntries(numbered) };
}

/** A list has commas; a name without is a file, or one label. */
async function readEntries(text: string): Promise<string[]> {
  if (text.includes(',')) return text.split(',').map((label) => label.trim());
  const file = await readFile(text, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !/[./\\]/.test(text)) return text;
    throw new CommandError(`the labels in ${text} cannot be read (${error.code})`, { cause: error });
  });
  if (file.length > MAX_LABELS_BYTES) throw new CommandError(`${text} is too long for a list of labels`);
  return file
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function parseInput(text: string | undefined): { width?: number; height?: number } {
  if (text === undefined) return {};
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw new UsageError(`--input must look like 640x640, not ${text}`);
  return { width: Number(width), height: Number(height) };
}

function parseOutput(text: string): [key: string, name: string] {
  const [, key, name] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined || name === undefined)
    throw new UsageError(`--output must look like boxes=NAME, not ${text}`);
  return [key, name];
}

function parseShare(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw new UsageError(`${flag} must be a number from 0 to 1, not ${text}`);
  return share;
}

function asRow({ identity, manifest, sizeBytes }: RegisteredModel): string[] {
  const { family, input, labels, threshold, license = '' } = manifest;
  return [
    identity.name,
    family,
    `${input.width}x${input.height}`,
    String(labels.length),
    String(threshold),
    `${(sizeBytes / 1e6).toFixed(1)} MB`,
    identity.sha256.slice(0, 12),
    license,
  ];
}

function asJson({ identity, manifest, isBuiltIn, sizeBytes }: RegisteredModel) {
  return { ...identity, isBuiltIn, sizeBytes, manifest };
}

function brokenAsJson({ name, error }: BrokenModel) {
  return { name, error: { code: error.code, message: error.message } };
}
