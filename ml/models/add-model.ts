import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MAX_GRAPH_BYTES } from '../backend/graph-file.ts';
import { BUILT_IN_DETECTORS } from './built-in-models.ts';
import { draftManifest, type ModelFacts } from './draft-manifest.ts';
import { MANIFEST_FILE, type ModelManifest, parseManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import { hashOf, type ModelFile, readGraphFiles, readModelFile } from './model-files.ts';
import { filesOfModel, type RegisteredModel, readModelFolder, requireModelName } from './model-registry.ts';
import type { TrialReport } from './trial.ts';
import { type TrialLimits, TrialProcess } from './trial-process.ts';

export interface AddModelOptions {
  /** A folder with a manifest.json, or a `model.json`. */
  readonly source: string;
  readonly name: string;
  /** Of the registry; made where it does not exist. */
  readonly directory: string;
  /** What is said of a `model.json` that has no manifest. */
  readonly facts?: ModelFacts;
  /** Takes the place of a model of that name. */
  readonly replace?: boolean;
  readonly limits?: TrialLimits;
  readonly onStep?: (text: string) => void;
}

export interface AddedModel {
  readonly model: RegisteredModel;
  readonly trial: TrialReport;
}

/**
 * Adds a model to the registry: its files are checked, copied beside it, pinned by their hash, tried in a process of their own, and
 * put in place in one step. Whatever goes wrong leaves the registry as it was. Throws ModelError.
 */
export async function addModel(options: AddModelOptions): Promise<AddedModel> {
  const { source, name, facts, onStep = () => {} } = options;
  // The process in which it is tried has another working directory.
  const directory = resolve(options.directory);
  requireModelName(name);
  const target = join(directory, name);
  if (Object.hasOwn(BUILT_IN_DETECTORS, name))
    throw new ModelError('exists', `${name} is built in: choose another name`);
  if (options.replace !== true && (await exists(target)))
    throw new ModelError('exists', `there is a model ${name} already: --replace takes its place`);
  onStep('reading');
  const { manifest, files } = await readSource(source, facts);
  requireDistinctNames(files);
  const pinned = { ...manifest, sha256: hashOf(files) };
  const staged = join(directory, `.${name}.${randomBytes(6).toString('hex')}.tmp`);
  await mkdir(staged, { recursive: true });
  try {
    for (const file of files) await writeDurably(join(staged, file.name), file.bytes);
    await writeDurably(join(staged, MANIFEST_FILE), Buffer.from(`${JSON.stringify(pinned, undefined, 2)}\n`));
    onStep('trying it in a process of its own');
    const trial = await TrialProcess.open(
      { name, directory: undefined, folder: staged, profile: 'balanced', aspect: 16 / 9 },
      options.limits,
    );
    await trial.close();
    onStep('putting it in place');
    await putInPlace(staged, target);
    return { model: await readModelFolder(target, name), trial: trial.report };
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function readSource(
  source: string,
  facts: ModelFacts | undefined,
): Promise<{ readonly manifest: ModelManifest; readonly files: readonly ModelFile[] }> {
  const isFolder = (await statOf(source)).isDirectory();
  if (isFolder && facts === undefined) {
    const { bytes } = await readModelFile(join(source, MANIFEST_FILE), { leftBytes: MAX_GRAPH_BYTES });
    const manifest = parseManifest(Buffer.from(bytes).toString('utf8'));
    return { manifest, files: await filesOfModel(source, manifest) };
  }
  if (facts === undefined)
    throw new ModelError(
      'bad-manifest',
      'a model.json alone does not say what it is: give --family and --labels',
    );
  const graph = isFolder ? join(source, 'model.json') : source;
  const { head } = await readGraphFiles(graph);
  const manifest = draftManifest(head, basename(graph), facts);
  return { manifest, files: await filesOfModel(dirname(graph), manifest) };
}

/** A graph may name any files as its weights. */
function requireDistinctNames(files: readonly ModelFile[]): void {
  const names = files.map(({ name }) => name.toLowerCase());
  if (new Set([...names, MANIFEST_FILE]).size <= names.length) {
    throw new ModelError(
      'bad-graph',
      `the model names one file twice, or ${MANIFEST_FILE} as one of its own`,
    );
  }
}

/** The old one is out of the way only while the new one takes its place. */
async function putInPlace(staged: string, target: string): Promise<void> {
  const old = `${staged}.old`;
  const isReplaced = await exists(target);
  if (isReplaced) await rename(target, old);
  try {
    await rename(staged, target);
  } catch (error) {
    if (isReplaced) await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
  const parent = await open(dirname(target), 'r');
  await parent.sync().finally(() => parent.close());
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function statOf(path: string) {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ModelError('not-found', `${path} cannot be read (${cause.code})`, { cause });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
