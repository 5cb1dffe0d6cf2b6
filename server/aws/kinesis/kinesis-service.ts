import type { AwsService } from '../aws-call.ts';
import { serviceOf } from '../operation-table.ts';
import { accountOperations } from './account-operations.ts';
import { consumerOperations } from './consumer-operations.ts';
import { dataOperations } from './data-operations.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { settingOperations } from './setting-operations.ts';
import { shardOperations } from './shard-operations.ts';
import { streamOperations } from './stream-operations.ts';
import { subscribeOperation } from './subscribe.ts';
import { tagOperations } from './tag-operations.ts';

/** Kinesis Data Streams: every operation of its model. */
export function createKinesisService(parts: KinesisParts): AwsService {
  return serviceOf(
    'kinesis',
    streamOperations(parts),
    settingOperations(parts),
    shardOperations(parts),
    dataOperations(parts),
    subscribeOperation(parts),
    consumerOperations(parts),
    tagOperations(parts),
    accountOperations(parts),
  );
}
