import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readCbor } from '../../../../../server/aws/protocols/cbor-reader.ts';
import { awsErrorOf } from '../authenticator-rig.ts';

const read = (hex: string) => readCbor(Buffer.from(hex, 'hex'));
const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** RFC 8949 appendix A: encoded, and what it is here. Tags are passed over: the model knows what a member is. */
const VECTORS: readonly (readonly [hex: string, value: unknown])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 2 ** 64],
  ['c249010000000000000000', bytes('010000000000000000')],
  ['3bffffffffffffffff', -(2 ** 64)],
  ['c349010000000000000000', bytes('010000000000000000')],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['f90000', 0],
  ['f98000', -0],
  ['f93c00', 1],
  ['fb3ff199999999999a', 1.1],
  ['f93e00', 1.5],
  ['f97bff', 65504],
  ['fa47c35000', 100_000],
  ['fa7f7fffff', 3.4028234663852886e38],
  ['fb7e37e43c8800759c', 1e300],
  ['f90001', 2 ** -24],
  ['f90400', 0.00006103515625],
  ['f9c400', -4],
  ['fbc010666666666666', -4.1],
  ['f97c00', Number.POSITIVE_INFINITY],
  ['f97e00', Number.NaN],
  ['f9fc00', Number.NEGATIVE_INFINITY],
  ['fa7f800000', Number.POSITIVE_INFINITY],
  ['fa7fc00000', Number.NaN],
  ['faff800000', Number.NEGATIVE_INFINITY],
  ['fb7ff0000000000000', Number.POSITIVE_INFINITY],
  ['fb7ff8000000000000', Number.NaN],
  ['fbfff0000000000000', Number.NEGATIVE_INFINITY],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  // Undefined is as good as null.
  ['f7', null],
  ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
  ['c11a514b67b0', 1_363_896_240],
  ['c1fb41d452d9ec200000', 1_363_896_240.5],
  ['d74401020304', bytes('01020304')],
  ['d818456449455446', bytes('6449455446')],
  ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', 'http://www.example.com'],
  ['40', bytes('')],
  ['4401020304', bytes('01020304')],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', '\u00fc'],
  ['63e6b0b4', '\u6c34'],
  ['64f0908591', '\ud800\udd51'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  [
    '98190102030405060708090a0b0c0d0e0f101112131415161718181819',
    Array.from({ length: 25 }, (_, index) => index + 1),
  ],
  ['a0', {}],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['826161a161626163', ['a', { b: 'c' }]],
  ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
  ['5f42010243030405ff', bytes('0102030405')],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['9fff', []],
  ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
  ['9f01820203820405ff', [1, [2, 3], [4, 5]]],
  ['83018202039f0405ff', [1, [2, 3], [4, 5]]],
  ['83019f0203ff820405', [1, [2, 3], [4, 5]]],
  [
    '9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff',
    Array.from({ length: 25 }, (_, index) => index + 1),
  ],
  ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ['826161bf61626163ff', ['a', { b: 'c' }]],
  ['bf6346756ef563416d7421ff', { Fun: true, Amt: -2 }],
];

test('the examples of RFC 8949, appendix A', () => {
  for (const [hex, value] of VECTORS) assert.deepEqual(read(hex), value, hex);
});

/** Of the appendix too, and nothing that a client of a model sends: simple values without a meaning, and keys that are numbers. */
const NOT_TAKEN = ['f0', 'f8ff', 'a201020304'];

/** RFC 8949, appendix F: not well-formed. */
const MALFORMED = [
  ...[
    '00 00',
    '',
    '18',
    '19',
    '1a',
    '1b',
    '1901',
    '1a0102',
    '1b01020304050607',
    '38',
    '58',
    '78',
    '98',
    '9a01ff00',
    'b8',
    'd8',
    'f8',
    'f900',
    'fa0000',
    'fb000000',
  ],
  ...['41', '61', '5affffffff00', '5bffffffffffffffff010203', '7affffffff00', '7b7fffffffffffffff010203'],
  ...[
    '81',
    '818181818181818181',
    '8200',
    'a1',
    'a20102',
    'a100',
    'a2000000',
    '5f4100',
    '7f6100',
    '9f',
    '9f0102',
    'bf',
    'bf01020102',
    '819f',
    '9f8000',
    '9f9f9f9f9fffffffff',
  ],
  ...[
    '9f819f819f9fffffff',
    '1c',
    '1d',
    '1e',
    '3c',
    '3d',
    '3e',
    '5c',
    '5d',
    '5e',
    '7c',
    '7d',
    '7e',
    '9c',
    '9d',
    '9e',
    'bc',
    'bd',
    'be',
    'dc',
    'dd',
    'de',
    'fc',
    'fd',
    'fe',
  ],
  ...[
    'f800',
    'f801',
    'f818',
    'f81f',
    '5f00ff',
    '5f21ff',
    '5f6100ff',
    '5f80ff',
    '5fa0ff',
    '5fc000ff',
    '5fe0ff',
    '7f4100ff',
    '5f5f4100ffff',
    '7f7f6100ffff',
  ],
  ...[
    'ff',
    '81ff',
    '8200ff',
    'a1ff',
    'a1ff00',
    'a100ff',
    'a20000ff',
    '9f81ff',
    '9f829f819f9fffffffff',
    'bf00ff',
    'bf000000ff',
    '1f',
    '3f',
    'df',
  ],
];

describe('what is refused, each with the one error', () => {
  test('what is not well-formed, RFC 8949, appendix F', () => {
    for (const hex of [...MALFORMED, ...NOT_TAKEN]) {
      const { code, message } = awsErrorOf(() => read(hex.replace(' ', '')));
      assert.equal(code, 'SerializationException', hex);
      assert.match(message, /^The body is not valid CBOR: /);
    }
  });

  test('texts that are no UTF-8, and nesting without end', () => {
    for (const hex of ['62c328', '61ff', '63eda080', '7f61c361a8'])
      assert.match(awsErrorOf(() => read(hex)).message, /UTF-8|early/);
    assert.match(awsErrorOf(() => read('81'.repeat(100_000))).message, /too deeply/);
    assert.match(awsErrorOf(() => read('c1'.repeat(100_000))).message, /too deeply/);
    assert.match(awsErrorOf(() => read('bf6161'.repeat(20))).message, /too deeply/);
  });

  test('lengths that promise more than there is cost nothing', () => {
    for (const hex of [
      '9bffffffffffffff',
      '9b7fffffffffffffff00',
      'bbffffffffffffffff6161',
      '5b7fffffffffffffff',
    ]) {
      assert.match(awsErrorOf(() => read(hex)).message, /too early/);
    }
  });
});

test('a key like __proto__ is one like any other; of two the last one counts', () => {
  assert.deepEqual(Object.entries(read('a1695f5f70726f746f5f5f01') as object), [['__proto__', 1]]);
  assert.deepEqual(read('a2616101616102'), { a: 2 });
});

/** A value, with every way to write it drawn by `choose`. */
function encode(value: unknown, choose: () => number): Buffer {
  const head = (major: number, argument: number): Buffer => {
    const widths = [argument < 24, argument < 0x100, argument < 0x1_0000, argument < 0x1_0000_0000, true];
    const smallest = widths.indexOf(true);
    const width = smallest + (choose() % (5 - smallest));
    const first = Buffer.from([(major << 5) | (width === 0 ? argument : 23 + width)]);
    if (width === 0) return first;
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(argument));
    return Buffer.concat([first, wide.subarray(8 - 2 ** (width - 1))]);
  };
  const tagged = (encoded: Buffer): Buffer =>
    choose() % 4 === 0 ? Buffer.concat([Buffer.from([0xc1]), encoded]) : encoded;
  const many = (major: number, count: number, parts: readonly Buffer[]): Buffer =>
    choose() % 2 === 0
      ? Buffer.concat([head(major, count), ...parts])
      : Buffer.concat([Buffer.from([(major << 5) | 31]), ...parts, Buffer.from([0xff])]);
  const string = (major: number, content: Buffer): Buffer => {
    if (choose() % 2 === 0) return Buffer.concat([head(major, content.length), content]);
    const cut = choose() % (content.length + 1);
    const pieces = [content.subarray(0, cut), content.subarray(cut)].map((piece) =>
      Buffer.concat([head(major, piece.length), piece]),
    );
    return Buffer.concat([Buffer.from([(major << 5) | 31]), ...pieces, Buffer.from([0xff])]);
  };
  if (value === null) return Buffer.from([choose() % 2 === 0 ? 0xf6 : 0xf7]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'string') return string(3, Buffer.from(value));
  if (value instanceof Uint8Array) return tagged(string(2, Buffer.from(value)));
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0))
      return tagged(value < 0 ? head(1, -1 - value) : head(0, value));
    const double = Buffer.alloc(9);
    double[0] = 0xfb;
    double.writeDoubleBE(value, 1);
    return double;
  }
  if (Array.isArray(value))
    return many(
      4,
      value.length,
      value.map((each) => encode(each, choose)),
    );
  const entries = Object.entries(value as object);
  return many(
    5,
    entries.length,
    entries.flatMap(([key, each]) => [encode(key, choose), encode(each, choose)]),
  );
}

test('however it is written, it is read as what it is', () => {
  const { value: anyValue } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }),
      fc.uint8Array().map((content) => Buffer.from(content)),
      fc.double(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 5 }).map((map) => ({ ...map })),
    ),
  }));
  fc.assert(
    fc.property(anyValue, fc.infiniteStream(fc.nat(1000)), (value, choices) => {
      const encoded = encode(value, () => choices.next().value as number);
      assert.deepEqual(readCbor(encoded), value);
    }),
    { numRuns: 500 },
  );
});
