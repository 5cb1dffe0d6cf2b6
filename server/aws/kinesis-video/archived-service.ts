import type { AwsService } from '../aws-call.ts';
import { type OperationTable, serviceOf } from '../operation-table.ts';

/**
 * Archived media (kvs.md §4). Each group of operations is a table made by a file of its own, with what it needs:
 * `createArchivedService(listFragments({...}), mediaForFragmentList({...}), ...)`.
 */
export function createArchivedService(...tables: readonly OperationTable[]): AwsService {
  return serviceOf('kinesis-video-archived-media', ...tables);
}
