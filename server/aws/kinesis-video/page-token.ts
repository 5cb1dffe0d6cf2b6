import { AwsError } from '../aws-call.ts';

/**
 * NextTokens: base64 of what the list goes on behind, together with what it is a list of, so that a token of another list or
 * condition is refused. They hold nothing that the caller has not seen.
 */

const SEPARATOR = '\n';
/** The model's bound. */
const MAX_TOKEN = 1024;

/** `scope`: the operation and its condition. */
export function makePageToken(scope: string, after: string): string {
  return Buffer.from(`${scope}${SEPARATOR}${after}`).toString('base64');
}

/** Where to go on; `undefined` without a token. Throws AwsError `InvalidArgumentException` for one that was not made for this list. */
export function readPageToken(scope: string, token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const text = Buffer.from(token.slice(0, MAX_TOKEN), 'base64').toString();
  const after = text.slice(scope.length + SEPARATOR.length);
  if (!text.startsWith(scope + SEPARATOR) || makePageToken(scope, after) !== token) {
    throw new AwsError('InvalidArgumentException', 'The NextToken is not one of this list.');
  }
  return after;
}
