import { readFileSync } from 'node:fs';
import { compilePattern, type Pattern } from './model-pattern.ts';
import type { OperationFacts, ServiceFacts, ShapeFacts } from './models/service-facts.ts';

/** A service model whose references are resolved: what the validation and the protocols walk along. */
export interface ServiceModel {
  /** File name in models/: `kinesisvideo`. */
  readonly name: string;
  readonly apiVersion: string;
  readonly protocol: ServiceFacts['protocol'];
  readonly signingName: string;
  readonly targetPrefix: string | undefined;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly errors: ReadonlyMap<string, ErrorModel>;
}

export interface Operation {
  readonly name: string;
  readonly model: ServiceModel;
  readonly method: string;
  readonly path: string;
  readonly input: StructureShape;
  readonly output: StructureShape;
  /** Names of the errors that the operation declares. */
  readonly errors: ReadonlySet<string>;
  /** The body is media without an end: left to the handler. */
  readonly streamsInput: boolean;
}

export interface ErrorModel {
  readonly status: number | undefined;
  /** The member that carries the text: `Message` or `message`. */
  readonly textMember: string;
}

interface Limits {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

interface Named {
  readonly name: string;
  readonly isSensitive: boolean;
}

export interface StructureShape extends Named {
  readonly type: 'structure';
  readonly members: readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly isRequired: boolean;
  /** Name of the HTTP header that carries it, instead of the body. */
  readonly header: string | undefined;
  /** It is the whole body, and written by a stream handler. */
  readonly isPayload: boolean;
}

export interface ListShape extends Named, Limits {
  readonly type: 'list';
  readonly element: Shape;
}

export interface MapShape extends Named, Limits {
  readonly type: 'map';
  readonly key: StringShape;
  readonly value: Shape;
}

export interface StringShape extends Named, Limits {
  readonly type: 'string';
  readonly pattern: Pattern | undefined;
  readonly values: ReadonlySet<string> | undefined;
}

export interface NumberShape extends Named, Limits {
  readonly type: 'integer' | 'long' | 'double';
}

export interface BlobShape extends Named, Limits {
  readonly type: 'blob';
}

export interface PlainShape extends Named {
  readonly type: 'boolean' | 'timestamp';
}

export type Shape =
  | StructureShape
  | ListShape
  | MapShape
  | StringShape
  | NumberShape
  | BlobShape
  | PlainShape;

const EMPTY: StructureShape = { type: 'structure', name: 'Empty', isSensitive: false, members: [] };

const loaded = new Map<string, ServiceModel>();

/** The model of a service, from the tables in models/; read once. Throws for a name without a table. */
export function loadModel(name: string): ServiceModel {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`models/${name}.json`, import.meta.url), 'utf8');
  const model = compileModel(name, JSON.parse(text) as ServiceFacts);
  loaded.set(name, model);
  return model;
}

/** Resolves the references of a service's table. Throws for references to nowhere: the tables are our own. */
export function compileModel(name: string, facts: ServiceFacts): ServiceModel {
  const shapes = new Map<string, Shape>();
  const resolve = (shapeName: string): Shape => {
    const known = shapes.get(shapeName);
    if (known !== undefined) return known;
    const source = facts.shapes[shapeName];
    if (source === undefined) throw new Error(`${name} has no shape ${shapeName}`);
    const shape = compileShape(shapeName, source, resolve);
    shapes.set(shapeName, shape);
    return shape;
  };
  const operations = new Map<string, Operation>();
  const model = {
    name,
    apiVersion: facts.apiVersion,
    protocol: facts.protocol,
    signingName: facts.signingName,
    targetPrefix: facts.targetPrefix,
    operations,
    errors: compileErrors(facts),
  };
  for (const [operation, source] of Object.entries(facts.operations)) {
    operations.set(operation, compileOperation(operation, source, model, resolve));
  }
  return model;
}

function compileErrors(facts: ServiceFacts): Map<string, ErrorModel> {
  const errors = new Map<string, ErrorModel>();
  for (const [name, { error, members = {} }] of Object.entries(facts.shapes)) {
    if (error === undefined) continue;
    const textMember = 'Message' in members ? 'Message' : 'message';
    errors.set(name, { status: error === 0 ? undefined : error, textMember });
  }
  return errors;
}

function compileOperation(
  name: string,
  source: OperationFacts,
  model: ServiceModel,
  resolve: (name: string) => Shape,
): Operation {
  const structure = (shapeName: string | undefined): StructureShape => {
    if (shapeName === undefined) return EMPTY;
    const shape = resolve(shapeName);
    if (shape.type !== 'structure') throw new Error(`${shapeName} is no structure`);
    return shape;
  };
  return {
    name,
    model,
    method: source.method,
    path: source.path,
    input: structure(source.input),
    output: structure(source.output),
    errors: new Set(source.errors),
    streamsInput: source.streamingInput === true,
  };
}

function compileShape(name: string, source: ShapeFacts, resolve: (name: string) => Shape): Shape {
  const named = { name, isSensitive: source.sensitive === true };
  const limits = { min: source.min, max: source.max };
  const part = (reference: string | undefined): Shape => resolve(reference ?? `${name}'s part`);
  switch (source.type) {
    case 'structure':
      return { type: 'structure', ...named, members: compileMembers(source, resolve) };
    case 'list':
      return { type: 'list', ...named, ...limits, element: part(source.member) };
    case 'map': {
      const key = part(source.key);
      if (key.type !== 'string') throw new Error(`the keys of ${name} are no strings`);
      return { type: 'map', ...named, ...limits, key, value: part(source.value) };
    }
    case 'string': {
      const pattern = source.pattern === undefined ? undefined : compilePattern(source.pattern);
      const values = source.enum === undefined ? undefined : new Set(source.enum);
      return { type: 'string', ...named, ...limits, pattern, values };
    }
    case 'integer':
    case 'long':
    case 'double':
      return { type: source.type, ...named, ...limits };
    case 'blob':
      return { type: 'blob', ...named, ...limits };
    case 'boolean':
    case 'timestamp':
      return { type: source.type, ...named };
  }
}

function compileMembers(source: ShapeFacts, resolve: (name: string) => Shape): Member[] {
  const required = new Set(source.required);
  return Object.entries(source.members ?? {}).map(([name, facts]) => ({
    name,
    shape: resolve(typeof facts === 'string' ? facts : facts.shape),
    isRequired: required.has(name),
    header: typeof facts === 'string' ? undefined : facts.header,
    isPayload: source.payload === name,
  }));
}
