import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MAX_GRAPH_BYTES } from '../backend/graph-file.ts';
import type { ModelIdentity } from '../detect/detector.ts';
import { BUILT_IN_DETECTORS, builtInModelPath } from './built-in-models.ts';
import { MANIFEST_FILE, type ModelManifest, parseManifest } from './manifest.ts';
import { ModelError } from './model-error.ts';
import { type GraphFiles, hashOf, type ModelFile, readGraphFiles, readModelFile } from './model-files.ts';

/** A model that can be loaded. */
export interface RegisteredModel {
  readonly identity: ModelIdentity;
  readonly manifest: ModelManifest;
  readonly isBuiltIn: boolean;
  /** Where the graph is. */
  readonly graphPath: string;
  /** Of a `custom` model: where its module is; the address changes with its contents. */
  readonly moduleUrl: string | undefined;
  /** Of the graph, its weights and its module: what `sha256` in the manifest says. */
  readonly filesSha256: string;
  readonly sizeBytes: number;
}

/** A folder of the registry that is no model, and why. */
export interface BrokenModel {
  readonly name: string;
  readonly error: ModelError;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
/** Folders that are looked at. */
const MAX_MODELS = 200;

/** The models of this machine: what is built in, and one folder for each that the operator has added. */
export class ModelRegistry {
  readonly #directory: string | undefined;

  /** `directory`: setting `detection.modelDirectory`; without one there are the built-in models. It need not exist. */
  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** Finds a model and hashes its files. Throws ModelError `bad-name`, `not-found`, `bad-manifest`, `bad-graph`, `too-large`, `changed`. */
  async find(name: string): Promise<RegisteredModel> {
    requireModelName(name);
    const builtIn = Object.hasOwn(BUILT_IN_DETECTORS, name) ? BUILT_IN_DETECTORS[name] : undefined;
    if (builtIn !== undefined) {
      const graphPath = builtInModelPath(builtIn.file);
      const { files } = await readGraphFiles(graphPath);
      return registered({
        name,
        manifest: builtIn.manifest,
        manifestFile: undefined,
        graphPath,
        isBuiltIn: true,
        files,
      });
    }
    const folders = await this.#folders();
    if (this.#directory === undefined || !folders.includes(name)) {
      const known = [...Object.keys(BUILT_IN_DETECTORS), ...folders].join(', ');
      throw new ModelError('not-found', `there is no model ${name}; there are: ${known}`);
    }
    return readModelFolder(join(this.#directory, name), name);
  }

  /** All models, and the folders that are none. */
  async list(): Promise<{
    readonly models: readonly RegisteredModel[];
    readonly broken: readonly BrokenModel[];
  }> {
    const models: RegisteredModel[] = [];
    const broken: BrokenModel[] = [];
    for (const name of [...Object.keys(BUILT_IN_DETECTORS), ...(await this.#folders())]) {
      try {
        models.push(await this.find(name));
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        broken.push({ name, error });
      }
    }
    return { models, broken };
  }

  async #folders(): Promise<string[]> {
    if (this.#directory === undefined) return [];
    const entries = await readdir(this.#directory, { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    const folders = entries.filter(
      (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && isFolderName(entry.name),
    );
    return folders
      .map(({ name }) => name)
      .toSorted()
      .slice(0, MAX_MODELS);
  }
}

/** Throws ModelError `bad-name` for what is not the name of a model; names are names of folders, never paths. */
export function requireModelName(name: string): void {
  if (!NAME.test(name)) {
    throw new ModelError(
      'bad-name',
      `${JSON.stringify(name.slice(0, 80))} is not a name: letters, digits, . _ -, at most 64`,
    );
  }
}

/** Reads the model in a folder, and requires that its files are those that it was pinned to. Throws ModelError. */
export async function readModelFolder(folder: string, name: string): Promise<RegisteredModel> {
  const manifestFile = await readModelFile(join(folder, MANIFEST_FILE), { leftBytes: MAX_GRAPH_BYTES });
  const manifest = parseManifest(Buffer.from(manifestFile.bytes).toString('utf8'));
  if (manifest.sha256 === undefined) {
    throw new ModelError(
      'bad-manifest',
      'manifest: sha256 is missing; add the model with framelog models add',
    );
  }
  const graphPath = join(folder, manifest.graph);
  const files = await filesOfModel(folder, manifest);
  if (hashOf(files) !== manifest.sha256)
    throw new ModelError('changed', `the files of ${name} are not those that were added`);
  return registered({ name, manifest, manifestFile, graphPath, isBuiltIn: false, files });
}

/** The graph, its weights, and the module of a model: what `sha256` in its manifest is of. */
export async function filesOfModel(folder: string, manifest: ModelManifest): Promise<readonly ModelFile[]> {
  const { files } = await readGraphFiles(join(folder, manifest.graph));
  return withModule(files, folder, manifest);
}

/** Reads the files of a registered model again, to load it. Throws ModelError, `changed` where they are others than were found. */
export async function readRegistered(model: RegisteredModel): Promise<GraphFiles> {
  const graph = await readGraphFiles(model.graphPath);
  const { manifest, identity } = model;
  const files = await withModule(graph.files, dirname(model.graphPath), manifest);
  if (hashOf(files) !== model.filesSha256)
    throw new ModelError('changed', `the files of ${identity.name} have just changed`);
  return graph;
}

async function withModule(
  files: readonly ModelFile[],
  folder: string,
  manifest: ModelManifest,
): Promise<readonly ModelFile[]> {
  if (manifest.family !== 'custom') return files;
  return [...files, await readModelFile(join(folder, manifest.module), { leftBytes: MAX_GRAPH_BYTES })];
}

interface Found {
  readonly name: string;
  readonly manifest: ModelManifest;
  /** Built-in models have theirs in the program. */
  readonly manifestFile: ModelFile | undefined;
  readonly graphPath: string;
  readonly isBuiltIn: boolean;
  readonly files: readonly ModelFile[];
}

function registered({ name, manifest, manifestFile, graphPath, isBuiltIn, files }: Found): RegisteredModel {
  const described = manifestFile ?? { name: MANIFEST_FILE, bytes: Buffer.from(JSON.stringify(manifest)) };
  const sha256 = hashOf([...files, described]);
  const modulePath = manifest.family === 'custom' ? join(dirname(graphPath), manifest.module) : undefined;
  return {
    identity: { name, sha256 },
    manifest,
    isBuiltIn,
    graphPath,
    moduleUrl: modulePath === undefined ? undefined : `${pathToFileURL(modulePath)}?${sha256}`,
    filesSha256: hashOf(files),
    sizeBytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

/** `.name.tmp` is a model that is being added. */
function isFolderName(name: string): boolean {
  return NAME.test(name) && !Object.hasOwn(BUILT_IN_DETECTORS, name);
}
