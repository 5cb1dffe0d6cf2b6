import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AmfValue,
  amfObject,
  amfProperties,
  EcmaArray,
} from '../../../../../server/ingest/rtmp/amf-value.ts';
import { decodeAmf0, encodeAmf0 } from '../../../../../server/ingest/rtmp/amf0.ts';
import { RtmpError } from '../../../../../server/ingest/rtmp/rtmp-error.ts';

const isBadAmf = (error: unknown) => error instanceof RtmpError && error.code === 'bad-amf';

const leaf = fc.oneof(
  fc.double(),
  fc.boolean(),
  fc.string({ unit: 'grapheme' }),
  fc.constant(null),
  fc.constant(undefined),
  fc.date({ noInvalidDate: true }),
);
const { value } = fc.letrec<{ value: AmfValue; object: AmfValue }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc
    .tuple(fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4 }), fc.boolean())
    .map(([entries, isArray]) => {
      const properties = Object.assign(amfObject(), entries);
      return isArray ? new EcmaArray(properties) : properties;
    }),
}));

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), (values) => {
      assert.deepEqual(decodeAmf0(encodeAmf0(values)), values);
    }),
  );
});

test('a string beyond 64 KB is a long string', () => {
  const long = 'x'.repeat(70_000);
  assert.deepEqual(decodeAmf0(encodeAmf0([long])), [long]);
});

test('every cut of a message is a typed error or a shorter list', () => {
  const bytes = encodeAmf0(['connect', 1, { app: 'live', list: [1, 'two', null], when: new Date(5) }]);
  for (let length = 0; length < bytes.length; length++) {
    try {
      decodeAmf0(bytes.subarray(0, length));
    } catch (error) {
      assert.ok(isBadAmf(error), String(error));
    }
  }
});

test('nesting, counts and lengths are bounded', () => {
  const nested = Buffer.concat([...Array.from({ length: 100_000 }, () => Buffer.from('0300016b', 'hex'))]);
  assert.throws(() => decodeAmf0(nested), isBadAmf);
  assert.throws(() => decodeAmf0(Buffer.from('0affffffff05', 'hex')), isBadAmf, 'array of 4 billion');
  assert.throws(() => decodeAmf0(Buffer.from('0cffffffff61', 'hex')), isBadAmf, 'string of 4 GB');
  assert.throws(() => decodeAmf0(Buffer.alloc(10_000, 5)), isBadAmf, '10 000 nulls');
  assert.throws(() => decodeAmf0(Buffer.from('07ffff', 'hex')), isBadAmf, 'reference to nothing');
});

test('the count of an ECMA array is a hint', () => {
  const bytes = encodeAmf0([new EcmaArray({ width: 640 })]);
  bytes.writeUInt32BE(0, 1);
  assert.deepEqual(amfProperties(decodeAmf0(bytes)[0])?.width, 640);
});

test('names of Object.prototype are names like any other', () => {
  const bytes = encodeAmf0([JSON.parse('{"__proto__": 1, "constructor": 2}')]);
  const properties = amfProperties(decodeAmf0(bytes)[0]);
  assert.deepEqual(Object.entries(properties ?? {}), [
    ['__proto__', 1],
    ['constructor', 2],
  ]);
});

test('references name objects read before', () => {
  const bytes = Buffer.concat([encodeAmf0([{ a: 1 }]), Buffer.from('070000', 'hex')]);
  const [first, second] = decodeAmf0(bytes);
  assert.equal(first, second);
});

test('AMF3 behind the avmplus marker', () => {
  // 0x11, then: object, dynamic, no class: {"a": 5, "b": "a" by reference, "c": [true, 1.5]}
  const bytes = Buffer.from(
    `11 0a 0b 01 03 61 04 05 03 62 06 00 03 63 09 05 01 03 05 3ff8000000000000 01 05`.replaceAll(' ', ''),
    'hex',
  );
  const values = decodeAmf0(bytes);
  assert.deepEqual(values, [Object.assign(amfObject(), { a: 5, b: 'a', c: [true, 1.5] }), null]);
  for (let length = 1; length < bytes.length - 1; length++) {
    assert.throws(() => decodeAmf0(bytes.subarray(0, length)), isBadAmf);
  }
  assert.throws(() => decodeAmf0(Buffer.from('110a07', 'hex')), isBadAmf, 'externalizable');
  assert.deepEqual(decodeAmf0(Buffer.from('1104ffffffff', 'hex')), [-1]);
});
