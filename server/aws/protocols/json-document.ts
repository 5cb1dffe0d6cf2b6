import { isUtf8 } from 'node:buffer';
import type { AwsOutput } from '../aws-call.ts';
import { type AwsInput, readInput, serializationError, type ValueForms } from '../input-reader.ts';
import type { Operation, Shape, StructureShape } from '../model.ts';

/** Documents of the JSON protocols: bytes as base64, times as epoch seconds with a fraction. */

/** As in `2026-02-03T04:05:06.7Z`; without a zone nobody knows which instant is meant. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const forms: ValueForms = {
  blobOf(value) {
    if (typeof value !== 'string' || value.length % 4 !== 0) return undefined;
    // RFC 4648 §4, with its padding. Node passes over what is no base64, and takes the URL's alphabet too: then the bytes
    // are fewer than the text tells, or the text has one of its two letters.
    const bytes = Buffer.from(value, 'base64');
    const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
    const isWhole = bytes.length === (value.length / 4) * 3 - padding;
    return isWhole && !value.includes('-') && !value.includes('_') ? bytes : undefined;
  },
  timestampMsOf(value) {
    if (typeof value === 'number') return msOfSeconds(value);
    if (typeof value !== 'string' || !ISO_8601.test(value)) return undefined;
    return Date.parse(value);
  },
};

/** Seconds with a fraction: to the microsecond, so that a time that was told in milliseconds comes back as the same one. */
function msOfSeconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1000;
}

/** Reads the members that stand in a JSON body; no body at all is `{}`. Throws AwsError `SerializationException`. */
export function readJsonInput(operation: Operation, body: Uint8Array): AwsInput {
  return readInput(operation.input, body.length === 0 ? {} : parseJson(body), forms);
}

function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw serializationError('The body is not valid JSON in UTF-8.');
  try {
    // Parsing needs no stack, however deep the document is; reading goes as deep as the model only.
    return JSON.parse(textOf(body));
  } catch {
    // What V8 says repeats parts of the body.
    throw serializationError('The body is not valid JSON in UTF-8.');
  }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

/** Writes the members of a structure that the model has for the body; absent and undefined ones are left out. */
export function writeJson(shape: StructureShape, value: AwsOutput): Uint8Array {
  return Buffer.from(JSON.stringify(structureOf(shape, value)));
}

function structureOf(shape: StructureShape, value: AwsOutput): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const { name, shape: memberShape, header, isPayload } of shape.members) {
    const member = value[name];
    if (member === undefined || member === null || header !== undefined || isPayload) continue;
    document[name] = documentOf(memberShape, member);
  }
  return document;
}

function documentOf(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'structure':
      return structureOf(shape, value as AwsOutput);
    case 'list':
      return (value as readonly unknown[]).map((element) => documentOf(shape.element, element));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as AwsOutput).map(([key, element]) => [key, documentOf(shape.value, element)]),
      );
    case 'timestamp':
      return (value as number) / 1000;
    case 'blob': {
      const { buffer, byteOffset, byteLength } = value as Uint8Array;
      return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    }
    default:
      return value;
  }
}
