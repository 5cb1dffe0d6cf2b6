import { AwsError } from '../aws-call.ts';

export type Tags = Readonly<Record<string, string>>;

/** "A resource can have 50 tags." */
const MAX_TAGS = 50;

/** Throws AwsError `ServiceQuotaExceededException`. */
export function checkTagCount(tags: Tags): void {
  if (Object.keys(tags).length <= MAX_TAGS) return;
  throw new AwsError('ServiceQuotaExceededException', `A resource can have ${MAX_TAGS} tags.`);
}
