import { AwsError } from '../aws-call.ts';
import type { VideoStream } from './video-resources.ts';

/** Throws AwsError `NoDataRetentionException` for a stream that keeps nothing (kvs.md §1.4, §1.5). */
export function requireRetention({
  name,
  retentionHours,
}: Pick<VideoStream, 'name' | 'retentionHours'>): void {
  if (retentionHours > 0) return;
  throw new AwsError('NoDataRetentionException', `The stream ${name} has a retention of 0 hours.`);
}
