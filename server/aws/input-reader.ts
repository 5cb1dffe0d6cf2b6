import { AwsError } from './aws-call.ts';
import type { ListShape, MapShape, Shape, StructureShape } from './model.ts';

/**
 * The first half of validation: does the document have the types of the model? What the model does not know is left
 * out, as the services do. Whether values keep the model's limits is the second half: constraints.ts.
 */

/** How a protocol writes what its document format has no type for. */
export interface ValueForms {
  /** The bytes that a value stands for; `undefined`: none. */
  readonly blobOf: (value: unknown) => Uint8Array | undefined;
  /** Epoch ms, fractional; `undefined`: no instant. */
  readonly timestampMsOf: (value: unknown) => number | undefined;
}

/** The input of an operation: members by name, as AwsCall promises them. */
export type AwsInput = Record<string, unknown>;

/** Furthest instant that a Date can hold, epoch ms. */
const MAX_TIME_MS = 8.64e15;

/**
 * Reads an operation's input from a document: blobs become Uint8Array, timestamps epoch ms, maps plain objects.
 * `null` is as good as absent. Throws AwsError `SerializationException` for another type than the model's.
 */
export function readInput(shape: StructureShape, document: unknown, forms: ValueForms): AwsInput {
  return readStructure(shape, document ?? {}, forms, '');
}

function readStructure(shape: StructureShape, value: unknown, forms: ValueForms, path: string): AwsInput {
  if (!isObject(value)) throw wrongType(path, 'an object', value);
  const input: AwsInput = {};
  for (const { name, shape: memberShape, header } of shape.members) {
    if (header !== undefined || !Object.hasOwn(value, name)) continue;
    const member = value[name];
    if (member === null || member === undefined) continue;
    input[name] = readValue(memberShape, member, forms, path === '' ? name : `${path}.${name}`);
  }
  return input;
}

function readValue(shape: Shape, value: unknown, forms: ValueForms, path: string): unknown {
  switch (shape.type) {
    case 'structure':
      return readStructure(shape, value, forms, path);
    case 'list':
      return readList(shape, value, forms, path);
    case 'map':
      return readMap(shape, value, forms, path);
    case 'string':
      if (typeof value !== 'string') throw wrongType(path, 'a string', value);
      // Half a surrogate pair is no character: it could not be stored or sent back.
      if (!value.isWellFormed()) throw serializationError(`${path} is not well-formed Unicode.`);
      return value;
    case 'integer':
      if (!isNumber(value) || !Number.isInteger(value)) throw wrongType(path, 'an integer', value);
      if (value !== (value | 0))
        throw serializationError(`${path} is outside the range of a 32-bit integer.`);
      return value;
    case 'long':
      if (!Number.isSafeInteger(value)) throw wrongType(path, 'an integer below 2^53', value);
      return value;
    case 'double':
      if (!isNumber(value) || !Number.isFinite(value)) throw wrongType(path, 'a number', value);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(path, 'true or false', value);
      return value;
    case 'timestamp': {
      const timeMs = forms.timestampMsOf(value);
      // Also refuses NaN.
      if (timeMs === undefined || !(Math.abs(timeMs) <= MAX_TIME_MS)) throw wrongType(path, 'a time', value);
      return timeMs;
    }
    case 'blob': {
      const bytes = forms.blobOf(value);
      if (bytes === undefined) throw wrongType(path, 'bytes', value);
      return bytes;
    }
  }
}

function readList(shape: ListShape, value: unknown, forms: ValueForms, path: string): unknown[] {
  if (!Array.isArray(value)) throw wrongType(path, 'a list', value);
  return value.map((element: unknown, index) =>
    element === null ? null : readValue(shape.element, element, forms, `${path}[${index}]`),
  );
}

function readMap(shape: MapShape, value: unknown, forms: ValueForms, path: string): AwsInput {
  if (!isObject(value)) throw wrongType(path, 'an object', value);
  // Made of entries, so that a key like `__proto__` is one like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => {
      if (!key.isWellFormed()) throw serializationError(`A key of ${path} is not well-formed Unicode.`);
      const read = element === null ? null : readValue(shape.value, element, forms, `${path} of a key`);
      return [key, read];
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function wrongType(path: string, wanted: string, value: unknown): AwsError {
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a value of type ${typeof value}`;
  return serializationError(`${path === '' ? 'The input' : path} must be ${wanted}, not ${found}.`);
}

/** The answer to a body that cannot be read, or has other types than the model. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, { status: 400 });
}
