import { ApiError } from './api-error.ts';

/** A way into a JSON document: names of members and indexes of elements. */
type Path = readonly (string | number)[];

/** `a.b[0].c=value`: a record passes when what is found there equals the value. */
export interface RecordFilter {
  readonly path: Path;
  readonly value: string;
}

const MAX_FILTER_CHARS = 1024;
const MAX_STEPS = 32;
/** A member, an index, or a member in quotes for names with odd characters: `a`, `[0]`, `["a.b"]`. */
const STEP = /^(?:\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]="\s]+))/;

/**
 * Reads a filter. The path may begin with `$`. Throws ApiError `invalid-filter`.
 */
export function parseRecordFilter(text: string): RecordFilter {
  if (text.length > MAX_FILTER_CHARS) throw invalid(`is longer than ${MAX_FILTER_CHARS} characters`);
  const path: (string | number)[] = [];
  let rest = text.replace(/^\$(?=[.[])/, '');
  if (rest.startsWith('.')) rest = rest.slice(1);
  while (!rest.startsWith('=')) {
    const [step = '', index, quoted, name] = STEP.exec(rest) ?? [];
    // Members but the first stand behind a point.
    const isApart = path.length === 0 || name === undefined || step.startsWith('.');
    const isFirstApart = path.length > 0 || !step.startsWith('.');
    if (step === '' || !isApart || !isFirstApart) throw invalid(`cannot be read at ${JSON.stringify(rest)}`);
    path.push(index === undefined ? (name ?? unquote(quoted ?? '')) : Number(index));
    if (path.length > MAX_STEPS) throw invalid(`has more than ${MAX_STEPS} steps`);
    rest = rest.slice(step.length);
  }
  if (path.length === 0) throw invalid('begins with =, without a path');
  return { path, value: rest.slice(1) };
}

/** Does the document have the value at the path? Text is compared as it is; numbers, `true`, `false`, `null` and quoted text as JSON. */
export function matches({ path, value }: RecordFilter, document: unknown): boolean {
  let found = document;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return false;
    found = (found as Record<string | number, unknown>)[step];
  }
  if (found === value) return true;
  if (typeof found === 'object' && found !== null) return false;
  return scalarOf(value) === found && found !== undefined;
}

function scalarOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`has a name that is no JSON text: ${text}`);
    throw error;
  }
}

function invalid(why: string): ApiError {
  return new ApiError(400, 'invalid-filter', `filter: ${why}; it looks like a.b[0].c=value`);
}
