import { AwsError } from '../aws-call.ts';

/** NextTokens of lists: what the list is of and where it goes on, valid for 300 s (kinesis-data-streams.md §5). */

const LIFE_MS = 300_000;

/** `scope`: the operation with all that narrows its list; `after`: the last name that was listed. */
export interface ListPlace {
  readonly scope: readonly (string | number | null)[];
  readonly after: string;
}

export function makeNextToken(place: ListPlace, nowMs: number): string {
  return Buffer.from(JSON.stringify([nowMs, place.after, ...place.scope])).toString('base64');
}

/** Throws AwsError `InvalidArgumentException` for a token of another operation, `ExpiredNextTokenException`. */
export function readNextToken(operation: string, token: string, nowMs: number): ListPlace {
  const values = parse(token);
  const [issuedMs, after, ...scope] = values;
  if (typeof issuedMs !== 'number' || typeof after !== 'string' || scope[0] !== operation) {
    throw new AwsError('InvalidArgumentException', `The NextToken is not one of ${operation}.`);
  }
  if (Math.abs(nowMs - issuedMs) > LIFE_MS) {
    throw new AwsError('ExpiredNextTokenException', 'The NextToken has expired.');
  }
  return { scope, after };
}

function parse(token: string): (string | number | null)[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(token, 'base64').toString());
    const isPlain = (value: unknown) =>
      value === null || typeof value === 'string' || typeof value === 'number';
    return Array.isArray(values) && values.every(isPlain) ? values : [];
  } catch {
    return [];
  }
}
