import { createHash } from 'node:crypto';
import { AwsError } from '../aws-call.ts';

const LENGTH = 20;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The version of a stream or channel as the wire shows it: 20 mixed-case letters and digits that tell nothing and change
 * with every change (kvs.md §1.2).
 */
export function resourceVersion(arn: string, version: number): string {
  const digest = createHash('sha256').update(`${arn}\n${version}`).digest();
  return Array.from(digest.subarray(0, LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** Throws AwsError `VersionMismatchException` when somebody gives a version, and it is not the present one. */
export function checkVersion(given: string | undefined, arn: string, version: number): void {
  if (given === undefined || given === resourceVersion(arn, version)) return;
  throw new AwsError(
    'VersionMismatchException',
    `The CurrentVersion is not that of ${arn}: it was changed since. Describe it for the present one.`,
  );
}
