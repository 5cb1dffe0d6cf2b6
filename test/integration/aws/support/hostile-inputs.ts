import type { Operation, Shape, StringShape, StructureShape } from '../../../../server/aws/model.ts';

/** Inputs that no good client sends, made from the models: every operation gets its own. */

/** A JSON value that is written as it stands: numbers that JSON.stringify would not write, broken escapes. */
class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** One request body and what is wrong with it. */
export interface HostileBody {
  readonly what: string;
  readonly body: Buffer;
}

/** Texts that fit the models' patterns; the first that fits is taken, so those of real resources come first. */
export type Samples = readonly string[];

const GENERAL_SAMPLES: Samples = [
  'hostile',
  '1',
  'AAAA',
  'video/h264',
  'us-east-1',
  'https://127.0.0.1:1/x',
  'abcdefghij0123456789-abc',
  'arn:aws:iot:us-east-1:000000000000:thing/a',
  'arn:aws:secretsmanager:us-east-1:000000000000:secret:a',
  'rate(1 hour) x',
  'arn:aws:kinesisvideo:us-east-1:000000000000:stream/gone/1700000000000',
  'arn:aws:kinesisvideo:us-east-1:000000000000:channel/gone/1700000000000',
  'arn:aws:kinesis:us-east-1:000000000000:stream/gone',
  'arn:aws:kinesis:us-east-1:000000000000:stream/gone/consumer/gone:1700000000',
  'arn:aws:iam::000000000000:role/any',
  'arn:aws:sns:us-east-1:000000000000:hostile',
  '00000000-0000-0000-0000-000000000000',
];

const HOSTILE_TEXTS = [
  '\u0000',
  'a\u0000b',
  '../../../etc/passwd',
  "'; DROP TABLE streams; --",
  '__proto__',
  'constructor',
  '\r\nx-injected: 1',
  '%00%2e%2e%2f',
  '\ufeffhostile',
  '𝒜'.repeat(64),
  '\u202egpj.exe',
  'a'.repeat(20_000),
  'arn:aws:kinesisvideo:eu-west-1:999999999999:stream/other/1',
  `arn:aws${':kinesis:'.repeat(80)}${':000000000000:'.repeat(60)}stream/a b`,
  '{"a":1}',
  '-1',
];

const HOSTILE_NUMBERS = [
  -1,
  0,
  1.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e21,
  new Raw('1e400'),
  new Raw('-1e400'),
  new Raw('-0'),
];

const HOSTILE_TIMES = [
  -1e12,
  1e12,
  8.64e12 + 1,
  1e300,
  '0000-01-01T00:00:00Z',
  '9999-99-99T99:99:99Z',
  'now',
  -0.5,
];

const WRONG_TYPES = [
  1,
  'text',
  true,
  [],
  {},
  [[[]]],
  { a: { b: [] } },
  [null],
  { __proto__: null, '': null },
];

/** Bodies that are no input at all, whatever the operation. */
export function brokenDocuments(): HostileBody[] {
  const texts: readonly [what: string, body: string | Buffer][] = [
    ['half an object', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a number', '1'],
    ['two documents', '{}{}'],
    ['a comment', '/* x */{}'],
    ['single quotes', "{'a':1}"],
    ['a trailing comma', '{"a":1,}'],
    ['NaN', '{"MaxResults":NaN}'],
    ['a byte order mark', '\ufeff{}'],
    ['UTF-16', Buffer.from('{"StreamName":"a"}', 'utf16le')],
    ['bytes that are no UTF-8', Buffer.from('7b2253747265616d4e616d65223a22fffe227d', 'hex')],
    ['an overlong slash', Buffer.from('7b2253747265616d4e616d65223a22c0af227d', 'hex')],
    ['binary', Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167) & 0xff))],
    ['lists without end', '['.repeat(20_000)],
    ['objects in objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['a known member nested deeply', `{"StreamName":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a prototype', '{"__proto__":{"StreamName":"hostile"},"constructor":{"prototype":{}}}'],
    ['members twice', '{"StreamName":"a","StreamName":1}'],
    ['form data', 'StreamName=hostile&MaxResults=1'],
    ['XML', '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ['many members', `{${Array.from({ length: 2000 }, (_, index) => `"m${index}":1`).join(',')}}`],
  ];
  return texts.map(([what, body]) => ({ what, body: Buffer.from(body as string) }));
}

/** An input that keeps the model's rules: all members, or the required ones only. */
export function goodInput(shape: StructureShape, samples: Samples, all: boolean): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const { name, shape: memberShape, isRequired, header } of shape.members) {
    if (header === undefined && (isRequired || all)) input[name] = goodValue(memberShape, samples, all);
  }
  return input;
}

function goodValue(shape: Shape, samples: Samples, all: boolean): unknown {
  switch (shape.type) {
    case 'structure':
      return goodInput(shape, samples, all);
    case 'list':
      return Array.from({ length: Math.max(1, shape.min ?? 1) }, () =>
        goodValue(shape.element, samples, all),
      );
    case 'map':
      return { [goodText(shape.key, samples)]: goodValue(shape.value, samples, all) };
    case 'string':
      return goodText(shape, samples);
    case 'integer':
    case 'long':
    case 'double':
      return shape.min ?? 1;
    case 'boolean':
      return true;
    case 'timestamp':
      return 1_700_000_000.5;
    case 'blob':
      return 'AAEC';
  }
}

function goodText(
  { name, pattern, values, min = 0, max = Number.POSITIVE_INFINITY }: StringShape,
  own: Samples,
): string {
  const [value] = values ?? [];
  if (value !== undefined) return value;
  const fits = (text: string) =>
    text.length >= min && text.length <= max && (pattern === undefined || pattern.matches(text));
  const sample = [...own, ...GENERAL_SAMPLES].find(fits);
  if (sample === undefined) throw new Error(`no sample fits ${name}: ${pattern?.source}`);
  return sample;
}

/** The operation's input with one thing wrong at a time, at every member and as deep as the model goes. */
export function* hostileInputs(operation: Operation, samples: Samples): Generator<HostileBody> {
  const { input } = operation;
  const write = (what: string, value: unknown): HostileBody => ({
    what,
    body: Buffer.from(stringify(value)),
  });
  yield write('nothing', {});
  yield write('what is required', goodInput(input, samples, false));
  const whole = goodInput(input, samples, true);
  yield write('everything', whole);
  yield write('strange members', { ...whole, Strange: [{}], __proto__: 1, toString: 'x' });
  for (const { path, shape } of placesOf(input)) {
    for (const [what, value] of hostileValues(shape)) {
      yield write(`${path.join('.')}: ${what}`, changed(whole, path, value));
    }
  }
}

type Step = string | number;

interface Place {
  readonly path: readonly Step[];
  readonly shape: Shape;
}

function* placesOf(shape: Shape, path: readonly Step[] = []): Generator<Place> {
  if (path.length > 0) yield { path, shape };
  if (shape.type === 'structure') {
    for (const member of shape.members) {
      if (member.header === undefined) yield* placesOf(member.shape, [...path, member.name]);
    }
  }
  if (shape.type === 'list') yield* placesOf(shape.element, [...path, 0]);
}

const LEFT_OUT = Symbol('left out');

function* hostileValues(shape: Shape): Generator<readonly [what: string, value: unknown]> {
  yield ['left out', LEFT_OUT];
  yield ['null', null];
  for (const value of WRONG_TYPES) yield [`as ${JSON.stringify(value)}`, value];
  switch (shape.type) {
    case 'string':
      for (const text of HOSTILE_TEXTS) yield [`as ${JSON.stringify(text.slice(0, 30))}`, text];
      yield ['half a surrogate pair', new Raw(String.raw`"\ud800"`)];
      yield ['empty', ''];
      if (shape.max !== undefined) yield ['too long', 'a'.repeat(shape.max + 1)];
      break;
    case 'integer':
    case 'long':
    case 'double':
      for (const number of HOSTILE_NUMBERS) yield [`as ${stringify(number)}`, number];
      if (shape.max !== undefined) yield ['too much', shape.max + 1];
      if (shape.min !== undefined) yield ['too little', shape.min - 1];
      break;
    case 'timestamp':
      for (const time of HOSTILE_TIMES) yield [`as ${time}`, time];
      break;
    case 'list':
      yield ['too many', Array.from({ length: Math.min(10_001, (shape.max ?? 10_000) + 1) }, () => 'a')];
      yield ['with holes', [null, null]];
      break;
    case 'map':
      yield ['too many', Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v']))];
      yield ['strange keys', Object.fromEntries(HOSTILE_TEXTS.map((text) => [text, 'v']))];
      yield ['strange values', Object.fromEntries(HOSTILE_TEXTS.map((text, index) => [`k${index}`, text]))];
      break;
    case 'blob':
      for (const text of ['A', '====', 'AA_-', '\u0000', 'A'.repeat(40_000)])
        yield [`as ${text.slice(0, 8)}`, text];
      break;
  }
}

function changed(value: unknown, path: readonly Step[], to: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return to;
  if (Array.isArray(value)) {
    return value
      .map((element, index) => (index === step ? changed(element, rest, to) : element))
      .filter(isThere);
  }
  const entries = Object.entries(value as object).map(([name, member]) => [
    name,
    name === step ? changed(member, rest, to) : member,
  ]);
  return Object.fromEntries(entries.filter(([, member]) => isThere(member)));
}

function isThere(value: unknown): boolean {
  return value !== LEFT_OUT;
}

function stringify(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}:${stringify(member)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}
