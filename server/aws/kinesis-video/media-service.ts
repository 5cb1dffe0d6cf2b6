import type { AwsService } from '../aws-call.ts';
import { type OperationTable, serviceOf } from '../operation-table.ts';

/** Media as it comes: GetMedia (kvs.md §3). */
export function createMediaService(getMedia: OperationTable): AwsService {
  return serviceOf('kinesis-video-media', getMedia);
}
