import { AwsError } from '../aws-call.ts';

type Tags = Readonly<Record<string, string>>;

const MAX_TAGS = 50;
/** "Unicode letters, digits, white space, and the characters _ . : / = + - @"; "%" is told apart by the service. */
const ALLOWED = /^[\p{L}\p{N}\p{Z}_.:/=+\-@%]*$/u;
const RESERVED = /^aws:/i;

/**
 * Tags that a resource may have. `has`: those it has already. Throws AwsError `InvalidArgumentException`; `what` is its name in the message:
 * `stream events under account 000000000000`.
 */
export function checkTags(added: Tags, has: Tags, what: string): void {
  const texts = Object.entries(added).flat();
  if (!texts.every((text) => ALLOWED.test(text))) {
    throw invalid(
      'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
    );
  }
  const failed = `Failed to add tags to ${what} because`;
  if (texts.some((text) => text.includes('%'))) {
    throw invalid(
      `${failed} some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, ` +
        "'_',',','/','=','+','-','@'.",
    );
  }
  if (Object.keys(added).some((key) => RESERVED.test(key))) {
    throw invalid(`${failed} keys that begin with aws: are reserved for system use.`);
  }
  if (Object.keys({ ...has, ...added }).length > MAX_TAGS) {
    throw invalid(`${failed} a given stream cannot have more than ${MAX_TAGS} tags associated with it.`);
  }
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidArgumentException', message);
}
