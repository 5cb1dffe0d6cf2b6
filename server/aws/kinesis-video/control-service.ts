import type { AwsService } from '../aws-call.ts';
import { serviceOf } from '../operation-table.ts';
import { channelOperations } from './channel-operations.ts';
import type { ControlPlane } from './control-plane.ts';
import { edgeOperations } from './edge-operations.ts';
import { mediaStorageOperations } from './media-storage-operations.ts';
import { notificationOperations } from './notification-operations.ts';
import { streamOperations } from './stream-operations.ts';
import { tagOperations } from './tag-operations.ts';

/** The control plane of Kinesis Video: every operation of its model (kvs.md §1). */
export function createControlService(plane: ControlPlane): AwsService {
  return serviceOf(
    'kinesisvideo',
    streamOperations(plane),
    tagOperations(plane),
    channelOperations(plane),
    mediaStorageOperations(plane),
    notificationOperations(plane),
    edgeOperations(plane),
  );
}
