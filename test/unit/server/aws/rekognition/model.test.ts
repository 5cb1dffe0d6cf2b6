import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as sdk from '@aws-sdk/client-rekognition';
import type { ServiceFacts } from '../../../../../server/aws/models/service-facts.ts';

/** The table against the schemas of the SDK package, which is made from the same models, by others. */

const table = JSON.parse(
  readFileSync(new URL('../../../../../server/aws/models/rekognition.json', import.meta.url), 'utf8'),
) as ServiceFacts;

/** How the SDK writes types: numbers for plain ones, tuples for the rest. */
type Schema = number | (() => Schema) | readonly [kind: number, ...facts: unknown[]];
type StructureSchema = readonly [
  kind: 3,
  namespace: string,
  name: string,
  traits: unknown,
  members: readonly string[],
  shapes: readonly Schema[],
  required?: number,
];
type OperationSchema = readonly [
  kind: 9,
  namespace: string,
  name: string,
  traits: unknown,
  input: () => Schema,
  output: () => Schema,
];

const PLAIN: Readonly<Record<number, string>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  21: 'blob',
};
const LIST = 64;
const MAP = 128;

/** A type as text, down to its leaves, as the SDK knows it: members in their order, required ones with a `!`. */
function ofSdk(schema: Schema): string {
  if (typeof schema === 'function') return ofSdk(schema());
  if (typeof schema === 'number') {
    if ((schema & MAP) !== 0) return `map of ${PLAIN[schema & ~MAP]}`;
    if ((schema & LIST) !== 0) return `list of ${PLAIN[schema & ~LIST]}`;
    return PLAIN[schema] ?? `type ${schema}`;
  }
  if (schema[0] === 1) return `list of ${ofSdk(schema[4] as Schema)}`;
  // A plain type with traits of its own: [0, namespace, name, traits, type].
  if (schema[0] === 0) return ofSdk(schema[4] as Schema);
  if (schema[0] !== 3 && schema[0] !== -3) throw new Error(`the SDK has a type ${String(schema[0])}`);
  const [, , , , members, shapes, required = 0] = schema as unknown as StructureSchema;
  const texts = members.map((name, index) => {
    const member = shapes[index] as Schema;
    // A member with traits of its own: [type, traits].
    const shape = Array.isArray(member) && typeof member[0] !== 'number' ? (member[0] as Schema) : member;
    return `${name}${index < required ? '!' : ''}: ${ofSdk(shape)}`;
  });
  return `{${texts.toSorted().join(', ')}}`;
}

/** The same of the table. */
function ofTable(name: string): string {
  const shape = table.shapes[name];
  switch (shape?.type) {
    case 'structure': {
      const required = new Set(shape.required);
      const texts = Object.entries(shape.members ?? {}).map(
        ([member, facts]) =>
          `${member}${required.has(member) ? '!' : ''}: ${ofTable(typeof facts === 'string' ? facts : facts.shape)}`,
      );
      return `{${texts.toSorted().join(', ')}}`;
    }
    case 'list':
      return `list of ${ofTable(shape.member ?? '')}`;
    case 'map':
      return `map of ${ofTable(shape.value ?? '')}`;
    case 'integer':
    case 'long':
    case 'double':
      return 'number';
    default:
      return shape?.type ?? `no ${name}`;
  }
}

const schemas = sdk as unknown as Readonly<Record<string, OperationSchema | StructureSchema | undefined>>;

test('every operation takes and answers what the SDK sends and reads', () => {
  for (const [name, { input = '', output = '' }] of Object.entries(table.operations)) {
    const operation = schemas[`${name}$`] as OperationSchema | undefined;
    assert.ok(operation !== undefined, name);
    assert.equal(ofTable(input), ofSdk(operation[4]), `input of ${name}`);
    assert.equal(ofTable(output), ofSdk(operation[5]), `output of ${name}`);
  }
});

test('every error is one that the SDK makes an exception of', () => {
  for (const [name, { error }] of Object.entries(table.shapes)) {
    if (error !== undefined) assert.ok(schemas[`${name}$`] !== undefined, name);
  }
});

test('enumerations have the values of the SDK', () => {
  let compared = 0;
  for (const [name, { enum: values }] of Object.entries(table.shapes)) {
    const ofSdkValues = (sdk as unknown as Readonly<Record<string, object | undefined>>)[name];
    if (values === undefined || ofSdkValues === undefined) continue;
    assert.deepEqual([...values].toSorted(), Object.values(ofSdkValues).toSorted(), name);
    compared += 1;
  }
  assert.ok(compared > 8, `${compared} enumerations`);
});
