import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadModel, type Shape, type StructureShape } from '../../../../../server/aws/model.ts';
import { cbor11 } from '../../../../../server/aws/protocols/cbor-1.1.ts';
import { writeCbor, writeCborTexts } from '../../../../../server/aws/protocols/cbor-writer.ts';
import { json11 } from '../../../../../server/aws/protocols/json-1.1.ts';

const named = { name: 'Any', isSensitive: false };
const limits = { min: undefined, max: undefined };

/** A structure with one member `a` of a shape. */
const holding = (shape: Shape): StructureShape => ({
  type: 'structure',
  ...named,
  members: [{ name: 'a', shape, isRequired: false, header: undefined, isPayload: false }],
});
const written = (shape: Shape, value: unknown) => {
  const hex = Buffer.from(writeCbor(holding(shape), { a: value })).toString('hex');
  assert.equal(hex.slice(0, 6), 'a16161');
  return hex.slice(6);
};

const LONG: Shape = { type: 'long', ...named, ...limits };
const STRING: Shape = { type: 'string', ...named, ...limits, pattern: undefined, values: undefined };

test('numbers in their shortest form, RFC 8949, appendix A', () => {
  const vectors: readonly (readonly [number, string])[] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [4_294_967_295, '1affffffff'],
    [4_294_967_296, '1b0000000100000000'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-10, '29'],
    [-100, '3863'],
    [-1000, '3903e7'],
    [1.1, 'fb3ff199999999999a'],
    [-4.1, 'fbc010666666666666'],
    [1e300, 'fb7e37e43c8800759c'],
  ];
  for (const [value, hex] of vectors) assert.equal(written(LONG, value), hex);
});

test('texts, bytes, times, truth, lists and maps', () => {
  assert.equal(written(STRING, ''), '60');
  assert.equal(written(STRING, 'ü水'), '65c3bce6b0b4');
  assert.equal(written({ type: 'blob', ...named, ...limits }, Buffer.from([1, 2, 3, 4])), '4401020304');
  assert.equal(written({ type: 'boolean', ...named }, true), 'f5');
  assert.equal(written({ type: 'boolean', ...named }, false), 'f4');
  // Milliseconds as an integer under tag 1.
  assert.equal(written({ type: 'timestamp', ...named }, 1_700_000_000_123.4), 'c11b0000018bcfe5687b');
  assert.equal(written({ type: 'list', ...named, ...limits, element: LONG }, [1, 2, 3]), '83010203');
  assert.equal(
    written({ type: 'map', ...named, ...limits, key: STRING, value: STRING }, { b: 'c', __proto__: null }),
    'a161626163',
  );
});

test('members without a value are left out, as are those of headers', () => {
  const shape: StructureShape = {
    type: 'structure',
    ...named,
    members: [
      { name: 'a', shape: LONG, isRequired: false, header: undefined, isPayload: false },
      { name: 'b', shape: LONG, isRequired: false, header: 'x-b', isPayload: false },
      { name: 'c', shape: LONG, isRequired: false, header: undefined, isPayload: false },
    ],
  };
  assert.equal(Buffer.from(writeCbor(shape, { a: undefined, b: 1, c: 2, d: 3 })).toString('hex'), 'a1616302');
  assert.equal(Buffer.from(writeCborTexts({ a: 'b' })).toString('hex'), 'a161616162');
});

/** Any value of a shape, bounded in depth by the model. */
function anyOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'structure':
      return fc.record(
        Object.fromEntries(shape.members.map(({ name, shape: member }) => [name, anyOf(member)])),
        {
          requiredKeys: [],
          noNullPrototype: true,
        },
      );
    case 'list':
      return fc.array(anyOf(shape.element), { maxLength: 4 });
    case 'map':
      return fc.dictionary(fc.string(), anyOf(shape.value), { maxKeys: 4 }).map((map) => ({ ...map }));
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'integer':
      return fc.integer();
    case 'long':
      return fc.maxSafeInteger();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value));
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      // Up to the year 2096: seconds of later ones are a microsecond apart in binary.
      return fc.integer({ min: -1e12, max: 4e12 });
    case 'blob':
      return fc.uint8Array().map((bytes) => Buffer.from(bytes));
  }
}

test('every input of the model comes back as it was written, in CBOR and in JSON', () => {
  for (const operation of loadModel('kinesis').operations.values()) {
    fc.assert(
      fc.property(anyOf(operation.input), (value) => {
        const input = value as Record<string, unknown>;
        for (const protocol of [cbor11, json11]) {
          assert.deepEqual(
            protocol.readInput(operation, protocol.writeStructure(operation.input, input)),
            input,
          );
        }
      }),
      { numRuns: 20 },
    );
  }
});
