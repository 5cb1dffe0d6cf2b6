import { AwsError } from './aws-call.ts';
import type { AwsInput } from './input-reader.ts';
import type { ListShape, MapShape, Operation, Shape, StructureShape } from './model.ts';

/**
 * The second half of validation: required members and the model's limits. All violations are told at once, in the
 * words that the services use: "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: …".
 */

/** Violations told of one input; who fixes ten is told the rest. */
const MAX_VIOLATIONS = 10;
/** Characters of a value that are repeated in a message. */
const MAX_SHOWN = 600;

/**
 * Holds an input to the limits of its operation. Throws AwsError `InvalidArgumentException` where the operation
 * declares it and no `ValidationException` (the video services), and `ValidationException` elsewhere.
 */
export function checkConstraints(operation: Operation, input: AwsInput): void {
  const found: string[] = [];
  checkStructure(operation.input, input, '', found);
  if (found.length === 0) return;
  const told = found.slice(0, MAX_VIOLATIONS);
  const count = told.length === 1 ? '1 validation error' : `${told.length} validation errors`;
  throw new AwsError(errorNameOf(operation), `${count} detected: ${told.join('; ')}`, { status: 400 });
}

/** The json services name the first kind of trouble ValidationException, the video services know only the other name. */
function errorNameOf({ model, errors }: Operation): string {
  const isVideo = model.protocol === 'rest-json' && errors.has('InvalidArgumentException');
  return isVideo ? 'InvalidArgumentException' : 'ValidationException';
}

function checkStructure(shape: StructureShape, input: AwsInput, path: string, found: string[]): void {
  for (const { name, shape: memberShape, isRequired } of shape.members) {
    const value = input[name];
    const memberPath = `${path}${lowerFirst(name)}`;
    if (value !== undefined) checkValue(memberShape, value, memberPath, found);
    else if (isRequired) found.push(`Value null at '${memberPath}' ${FAILED}: Member must not be null`);
    if (found.length >= MAX_VIOLATIONS) return;
  }
}

const FAILED = 'failed to satisfy constraint';

function checkValue(shape: Shape, value: unknown, path: string, found: string[]): void {
  for (const rule of brokenRules(shape, value))
    found.push(`${describe(shape, value)} at '${path}' ${FAILED}: ${rule}`);
  if (shape.type === 'structure') checkStructure(shape, value as AwsInput, `${path}.`, found);
  if (shape.type === 'list') checkElements(shape, value as unknown[], path, found);
  if (shape.type === 'map') checkEntries(shape, value as AwsInput, path, found);
}

function checkElements(shape: ListShape, elements: readonly unknown[], path: string, found: string[]): void {
  const { element } = shape;
  if (element.type === 'structure' || element.type === 'list' || element.type === 'map') {
    for (const [index, value] of elements.entries()) {
      const elementPath = `${path}.${index + 1}.member`;
      if (value === null) found.push(`Value null at '${elementPath}' ${FAILED}: Member must not be null`);
      else checkValue(element, value, elementPath, found);
      if (found.length >= MAX_VIOLATIONS) return;
    }
  } else if (elements.some((value) => value === null || brokenRules(element, value).length > 0)) {
    found.push(
      `${describe(shape, elements)} at '${path}' ${FAILED}: Member must satisfy constraint: [${rulesOf(element)}]`,
    );
  }
}

function checkEntries(shape: MapShape, map: AwsInput, path: string, found: string[]): void {
  const { key, value } = shape;
  const shown = `${describe(shape, map)} at '${path}' ${FAILED}`;
  if (Object.keys(map).some((name) => brokenRules(key, name).length > 0)) {
    found.push(`${shown}: Map keys must satisfy constraint: [${rulesOf(key)}]`);
  }
  if (Object.values(map).some((one) => one === null || brokenRules(value, one).length > 0)) {
    found.push(`${shown}: Map value must satisfy constraint: [${rulesOf(value)}]`);
  }
}

/** The rules of a shape that a value breaks, in words and in the services' order. */
function brokenRules(shape: Shape, value: unknown): string[] {
  if (!hasLimits(shape)) return [];
  const { min, max } = shape;
  const size = sizeOf(shape, value);
  const measure = measureOf(shape);
  const broken: string[] = [];
  if (shape.type === 'string') {
    const { pattern } = shape;
    // A value that is too long is not held against the pattern: the time that takes grows with the length.
    if (pattern !== undefined && size <= (max ?? PATTERN_MAX_LENGTH) && !pattern.matches(value as string)) {
      broken.push(fitsPattern(pattern.source));
    }
    if (pattern !== undefined && max === undefined && size > PATTERN_MAX_LENGTH) {
      broken.push(atMost('length', PATTERN_MAX_LENGTH));
    }
  }
  if (max !== undefined && size > max) broken.push(atMost(measure, max));
  if (min !== undefined && size < min) broken.push(atLeast(measure, min));
  if (shape.type === 'string' && shape.values?.has(value as string) === false) {
    broken.push(isOneOf(shape.values));
  }
  return broken;
}

/** Bound of strings that the model gives a pattern and no length. */
const PATTERN_MAX_LENGTH = 4096;

/** All rules of a shape in words, as the services list them for elements of lists and maps. */
function rulesOf(shape: Shape): string {
  const rules: string[] = [];
  if (hasLimits(shape)) {
    const { min, max } = shape;
    if (max !== undefined) rules.push(atMost(measureOf(shape), max));
    if (min !== undefined) rules.push(atLeast(measureOf(shape), min));
  }
  if (shape.type === 'string') {
    if (shape.pattern !== undefined) rules.push(fitsPattern(shape.pattern.source));
    if (shape.values !== undefined) rules.push(isOneOf(shape.values));
  }
  return rules.length === 0 ? 'Member must not be null' : rules.join(', ');
}

const atMost = (measure: string, max: number) => `Member must have ${measure} less than or equal to ${max}`;
const atLeast = (measure: string, min: number) =>
  `Member must have ${measure} greater than or equal to ${min}`;
const fitsPattern = (source: string) => `Member must satisfy regular expression pattern: ${source}`;
const isOneOf = (values: ReadonlySet<string>) =>
  `Member must satisfy enum value set: [${[...values].join(', ')}]`;

type LimitedShape = Extract<Shape, { readonly min: unknown }>;

function hasLimits(shape: Shape): shape is LimitedShape {
  return shape.type !== 'structure' && shape.type !== 'boolean' && shape.type !== 'timestamp';
}

function measureOf({ type }: LimitedShape): 'value' | 'length' {
  return type === 'integer' || type === 'long' || type === 'double' ? 'value' : 'length';
}

function sizeOf(shape: LimitedShape, value: unknown): number {
  switch (shape.type) {
    case 'integer':
    case 'long':
    case 'double':
      return value as number;
    case 'map':
      return Object.keys(value as AwsInput).length;
    default:
      return (value as { readonly length: number }).length;
  }
}

function describe(shape: Shape, value: unknown): string {
  return shape.isSensitive ? 'Value' : `Value '${shown(shape, value)}'`;
}

function shown(shape: Shape, value: unknown): string {
  if (shape.isSensitive) return '***';
  // The service's own words for bytes.
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  }
  return shorten(textOf(shape, value));
}

function textOf(shape: Shape, value: unknown): string {
  if (shape.type === 'list') {
    const elements = (value as unknown[]).slice(0, MAX_VIOLATIONS);
    return `[${elements.map((one) => (one === null ? 'null' : shown(shape.element, one))).join(', ')}]`;
  }
  if (shape.type === 'map') {
    const entries = Object.entries(value as AwsInput).slice(0, MAX_VIOLATIONS);
    return `{${entries.map(([key, one]) => `${key}=${one === null ? 'null' : shown(shape.value, one)}`).join(', ')}}`;
  }
  return shape.type === 'structure' ? shape.name : String(value);
}

/** At most MAX_SHOWN characters, and never half a surrogate pair. */
function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN).toWellFormed()}...`;
}

/** Members are named in lower camel case in messages, whatever the wire has. */
function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
