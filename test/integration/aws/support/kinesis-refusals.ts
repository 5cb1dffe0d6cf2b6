import { MAX_HASH_KEY } from '../../../../server/records/hash-key.ts';
import { formatSequenceNumber } from '../../../../server/records/sequence-number.ts';
import { bytes } from './aws-drivers.ts';

/** What every operation refuses, and in which words: one row a refusal. */

export const StreamName = 'events';
export const ACCOUNT = '000000000000';
export const ARN = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${StreamName}`;
const OTHER_ARN = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/other`;
const GONE_ARN = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/gone`;
const CONSUMER_ARN = `${GONE_ARN}/consumer/fan:1700000000`;
export const CLOSED = 'shardId-000000000000';
export const OPEN = 'shardId-000000000001';
export const START = 2n ** 127n;
const TAGS_51 = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag${index}`, 'x']));
const NOT_FOUND = `Stream gone under account ${ACCOUNT} not found.`;
const ON_DEMAND = /has the capacity mode ON_DEMAND/;
export const INVALID = 'InvalidArgumentException';
export const MISSING = 'ResourceNotFoundException';

export type Input = Record<string, unknown>;
/** `inputOf` gets what was made: the consumer's ARN and a number of the open shard. */
type Row = readonly [
  operation: string,
  input: Input | ((made: Made) => Input),
  code: string,
  message: string | RegExp,
];

export interface Made {
  readonly consumerArn: string;
  readonly sequenceNumber: string;
  /** Of a shard that another stream had. */
  readonly foreignNumber: string;
}

/** Operations on a stream that is not there, by name and by ARN; and by a name and an ARN that do not agree. */
export const OF_A_STREAM: Readonly<Record<string, Input>> = {
  AddTagsToStream: { Tags: { a: 'b' } },
  DecreaseStreamRetentionPeriod: { RetentionPeriodHours: 24 },
  DeleteStream: {},
  DescribeStream: {},
  DescribeStreamSummary: {},
  DisableEnhancedMonitoring: { ShardLevelMetrics: ['ALL'] },
  EnableEnhancedMonitoring: { ShardLevelMetrics: ['ALL'] },
  IncreaseStreamRetentionPeriod: { RetentionPeriodHours: 48 },
  ListTagsForStream: {},
  ListShards: {},
  MergeShards: { ShardToMerge: CLOSED, AdjacentShardToMerge: OPEN },
  PutRecord: { PartitionKey: 'k', Data: bytes('x') },
  PutRecords: { Records: [{ PartitionKey: 'k', Data: bytes('x') }] },
  RemoveTagsFromStream: { TagKeys: ['a'] },
  SplitShard: { ShardToSplit: CLOSED, NewStartingHashKey: '10' },
  StartStreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/a' },
  StopStreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/a' },
  UpdateShardCount: { TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' },
  UpdateStreamWarmThroughput: { WarmThroughputMiBps: 10 },
};

/** The same for operations that take an ARN only. */
export const OF_AN_ARN: Readonly<Record<string, Input>> = {
  DeleteResourcePolicy: { ResourceARN: GONE_ARN },
  GetResourcePolicy: { ResourceARN: GONE_ARN },
  ListStreamConsumers: { StreamARN: GONE_ARN },
  ListTagsForResource: { ResourceARN: GONE_ARN },
  PutResourcePolicy: { ResourceARN: GONE_ARN, Policy: '{}' },
  RegisterStreamConsumer: { StreamARN: GONE_ARN, ConsumerName: 'fan' },
  TagResource: { ResourceARN: GONE_ARN, Tags: { a: 'b' } },
  UntagResource: { ResourceARN: GONE_ARN, TagKeys: ['a'] },
  UpdateMaxRecordSize: { StreamARN: GONE_ARN, MaxRecordSizeInKiB: 2048 },
  UpdateStreamMode: { StreamARN: GONE_ARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } },
  DescribeStreamConsumer: { ConsumerARN: CONSUMER_ARN },
  DeregisterStreamConsumer: { ConsumerARN: CONSUMER_ARN },
  SubscribeToShard: { ConsumerARN: CONSUMER_ARN, ShardId: OPEN, StartingPosition: { Type: 'LATEST' } },
};

export const iterator = (more: Input): Input => ({ StreamName, ShardId: OPEN, ...more });
export const subscription = (made: Made, more: Input): Input => ({
  ConsumerARN: made.consumerArn,
  ShardId: OPEN,
  StartingPosition: { Type: 'LATEST' },
  ...more,
});
export const retention = (RetentionPeriodHours: number): Input => ({ StreamName, RetentionPeriodHours });
const inFuture = (made: Made) =>
  formatSequenceNumber({
    shardCreatedS: 1,
    shardIndex: 1,
    position: 1n,
    arrivalS: 2 ** 34 + made.sequenceNumber.length,
  });
const unlike = (form: string) =>
  `Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${form}.`;

export const ROWS: readonly Row[] = [
  ...Object.entries(OF_A_STREAM).flatMap(([operation, input]): Row[] => [
    [operation, { StreamName: 'gone', ...input }, MISSING, NOT_FOUND],
    [operation, { StreamARN: GONE_ARN, ...input }, MISSING, NOT_FOUND],
    [operation, { StreamName, StreamARN: OTHER_ARN, ...input }, INVALID, /different streams/],
    [operation, input, INVALID, /should be provided|must be specified/],
  ]),
  ...Object.entries(OF_AN_ARN).map(([operation, input]): Row => [operation, input, MISSING, NOT_FOUND]),

  // Streams
  [
    'CreateStream',
    { StreamName, ShardCount: 1 },
    'ResourceInUseException',
    `Stream ${StreamName} under account ${ACCOUNT} already exists.`,
  ],
  [
    'CreateStream',
    { StreamName: 'new' },
    'ValidationException',
    "1 validation error detected: Value null at 'shardCount' failed to satisfy constraint: Member must not be null",
  ],
  [
    'CreateStream',
    { StreamName: 'new', ShardCount: 1, StreamModeDetails: { StreamMode: 'ON_DEMAND' } },
    'ValidationException',
    /must not be specified/,
  ],
  [
    'CreateStream',
    { StreamName: 'new', ShardCount: 1, WarmThroughputMiBps: 5 },
    'ValidationException',
    /ON_DEMAND/,
  ],
  [
    'CreateStream',
    { StreamName: 'new', ShardCount: 1, Tags: TAGS_51 },
    INVALID,
    /cannot have more than 50 tags/,
  ],
  [
    'CreateStream',
    { StreamName: 'new', ShardCount: 10_000 },
    'LimitExceededException',
    `This request would exceed the shard limit for the account ${ACCOUNT} in us-east-1. Current shard count for the account: 7. ` +
      'Limit: 10000. Number of additional shards that would have resulted from this request: 10000. Refer to the AWS Service Limits ' +
      'page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits.',
  ],
  ['DeleteStream', { StreamName }, 'ResourceInUseException', /has registered consumers/],
  ['ListStreams', { NextToken: 'x' }, INVALID, /NextToken/],
  [
    'DescribeStream',
    { StreamName, ExclusiveStartShardId: 'x' },
    MISSING,
    `Could not find shard x in stream ${StreamName} under account ${ACCOUNT}.`,
  ],
  [
    'UpdateAccountSettings',
    { MinimumThroughputBillingCommitment: { Status: 'PERHAPS' } },
    'ValidationException',
    /enum value set: \[ENABLED, DISABLED\]/,
  ],

  // Settings
  [
    'IncreaseStreamRetentionPeriod',
    retention(23),
    INVALID,
    'Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.',
  ],
  [
    'IncreaseStreamRetentionPeriod',
    retention(8761),
    INVALID,
    'Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.',
  ],
  [
    'IncreaseStreamRetentionPeriod',
    retention(47),
    INVALID,
    `Requested retention period (47 hours) for stream ${StreamName} can not be shorter than existing retention period (48 hours). Use DecreaseRetentionPeriod API.`,
  ],
  ['DecreaseStreamRetentionPeriod', retention(23), INVALID, /is too short/],
  [
    'DecreaseStreamRetentionPeriod',
    retention(49),
    INVALID,
    `Requested retention period (49 hours) for stream ${StreamName} can not be longer than existing retention period (48 hours). Use IncreaseRetentionPeriod API.`,
  ],
  ['StartStreamEncryption', { StreamName, EncryptionType: 'NONE', KeyId: 'alias/a' }, INVALID, /KMS/],
  ['StopStreamEncryption', { StreamName, EncryptionType: 'NONE', KeyId: 'alias/a' }, INVALID, /KMS/],
  ['UpdateStreamWarmThroughput', { StreamName, WarmThroughputMiBps: 5 }, 'ValidationException', /ON_DEMAND/],
  [
    'UpdateStreamMode',
    { StreamARN: ARN, StreamModeDetails: { StreamMode: 'PROVISIONED' }, WarmThroughputMiBps: 5 },
    'ValidationException',
    /ON_DEMAND/,
  ],
  [
    'UpdateMaxRecordSize',
    { StreamARN: ARN, MaxRecordSizeInKiB: 10_241 },
    'ValidationException',
    /less than or equal to 10240/,
  ],
  [
    'EnableEnhancedMonitoring',
    { StreamName, ShardLevelMetrics: ['Some'] },
    'ValidationException',
    /shardLevelMetrics/,
  ],

  // Shards
  [
    'SplitShard',
    { StreamName, ShardToSplit: '9', NewStartingHashKey: '10' },
    MISSING,
    `Could not find shard shardId-000000000009 in stream ${StreamName} under account ${ACCOUNT}.`,
  ],
  [
    'SplitShard',
    { StreamName, ShardToSplit: 'one', NewStartingHashKey: '10' },
    MISSING,
    `Could not find shard one in stream ${StreamName} under account ${ACCOUNT}.`,
  ],
  [
    'SplitShard',
    { StreamName, ShardToSplit: 'shardId-0', NewStartingHashKey: '10' },
    INVALID,
    `Shard ${CLOSED} in stream ${StreamName} under account ${ACCOUNT} has already been merged or split, and thus is not eligible for merging or splitting.`,
  ],
  ...[START + 1n, MAX_HASH_KEY, MAX_HASH_KEY + 1n].map(
    (key): Row => [
      'SplitShard',
      { StreamName, ShardToSplit: OPEN, NewStartingHashKey: String(key) },
      INVALID,
      `NewStartingHashKey ${key} used in SplitShard() on shard ${OPEN} in stream ${StreamName} under account ${ACCOUNT} is not both ` +
        `greater than one plus the shard's StartingHashKey ${START} and less than the shard's EndingHashKey ${MAX_HASH_KEY}.`,
    ],
  ),
  [
    'SplitShard',
    { StreamName: 'demand', ShardToSplit: '0', NewStartingHashKey: '10' },
    'ValidationException',
    ON_DEMAND,
  ],
  [
    'MergeShards',
    { StreamName, ShardToMerge: '0', AdjacentShardToMerge: '1' },
    INVALID,
    /already been merged or split/,
  ],
  [
    'MergeShards',
    { StreamName, ShardToMerge: '2', AdjacentShardToMerge: '1' },
    INVALID,
    `Shards shardId-000000000002 and ${OPEN} in stream ${StreamName} under account ${ACCOUNT} are not an adjacent pair of shards eligible for merging`,
  ],
  [
    'MergeShards',
    { StreamName, ShardToMerge: OPEN, AdjacentShardToMerge: OPEN },
    INVALID,
    /not an adjacent pair/,
  ],
  [
    'MergeShards',
    { StreamName, ShardToMerge: OPEN, AdjacentShardToMerge: '7' },
    MISSING,
    /Could not find shard shardId-000000000007/,
  ],
  [
    'MergeShards',
    { StreamName: 'demand', ShardToMerge: '0', AdjacentShardToMerge: '1' },
    'ValidationException',
    ON_DEMAND,
  ],
  [
    'UpdateShardCount',
    { StreamName, TargetShardCount: 7, ScalingType: 'UNIFORM_SCALING' },
    'LimitExceededException',
    'UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 3, Target shard count: 7',
  ],
  [
    'UpdateShardCount',
    { StreamName, TargetShardCount: 1, ScalingType: 'UNIFORM_SCALING' },
    'LimitExceededException',
    'UpdateShardCount cannot scale down below half your current open shard count. Current open shard count: 3, Target shard count: 1',
  ],
  [
    'UpdateShardCount',
    { StreamName: 'demand', TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' },
    'ValidationException',
    ON_DEMAND,
  ],
  ['ListShards', { NextToken: 'x' }, INVALID, /NextToken/],
  [
    'ListShards',
    { StreamName, NextToken: 'x' },
    INVALID,
    'NextToken and StreamName cannot be provided together.',
  ],
  ['ListShards', { StreamName, StreamCreationTimestamp: 1 }, MISSING, /creation time/],
  [
    'ListShards',
    { StreamName, ShardFilter: { Type: 'AFTER_SHARD_ID' } },
    INVALID,
    /ShardId must be specified/,
  ],
  [
    'ListShards',
    { StreamName, ShardFilter: { Type: 'AT_TIMESTAMP' } },
    INVALID,
    /Timestamp must be specified/,
  ],

  // Records
  [
    'PutRecord',
    { StreamName, PartitionKey: 'k', Data: bytes('x'.repeat(1024 * 1024)) },
    INVALID,
    /larger than/,
  ],
  [
    'PutRecord',
    { StreamName, PartitionKey: 'k', Data: bytes('x'), ExplicitHashKey: String(MAX_HASH_KEY + 1n) },
    INVALID,
    `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${MAX_HASH_KEY + 1n}`,
  ],
  [
    'PutRecord',
    (made) => ({
      StreamName,
      PartitionKey: 'k',
      Data: bytes('x'),
      SequenceNumberForOrdering: inFuture(made),
    }),
    INVALID,
    /^ExclusiveMinimumSequenceNumber \d+ used in PutRecord on stream events under account 000000000000 is invalid\.$/,
  ],
  [
    'PutRecords',
    {
      StreamName,
      Records: [
        { PartitionKey: 'k', Data: bytes('x') },
        { PartitionKey: 'k', Data: bytes('x'), ExplicitHashKey: String(MAX_HASH_KEY + 1n) },
      ],
    },
    INVALID,
    /Invalid ExplicitHashKey/,
  ],
  [
    'PutRecords',
    {
      StreamName,
      Records: Array.from({ length: 11 }, () => ({ PartitionKey: 'k', Data: bytes('x'.repeat(1_000_000)) })),
    },
    INVALID,
    /The records have 11000011 bytes/,
  ],
  [
    'PutRecords',
    { StreamName, Records: [{ PartitionKey: 'k', Data: bytes('x'.repeat(1024 * 1024)) }] },
    INVALID,
    /bytes, more than 1048576/,
  ],
  [
    'PutRecords',
    { StreamName, Records: [] },
    'ValidationException',
    /'records' failed to satisfy constraint: Member must have length greater than or equal to 1/,
  ],
  [
    'PutRecords',
    { StreamName, Records: Array.from({ length: 501 }, () => ({ PartitionKey: 'k', Data: bytes('x') })) },
    'ValidationException',
    /'records' failed to satisfy constraint: Member must have length less than or equal to 500/,
  ],

  // Reading
  [
    'GetShardIterator',
    { StreamName: 'gone', ShardId: OPEN, ShardIteratorType: 'LATEST' },
    MISSING,
    `Shard ${OPEN} in stream gone under account ${ACCOUNT} does not exist`,
  ],
  [
    'GetShardIterator',
    iterator({ ShardId: '8', ShardIteratorType: 'LATEST' }),
    MISSING,
    `Shard shardId-000000000008 in stream ${StreamName} under account ${ACCOUNT} does not exist`,
  ],
  [
    'GetShardIterator',
    iterator({ ShardId: 'a', ShardIteratorType: 'LATEST' }),
    MISSING,
    `Could not find shard a in stream ${StreamName} under account ${ACCOUNT}.`,
  ],
  ...['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'].flatMap((ShardIteratorType): Row[] => [
    [
      'GetShardIterator',
      iterator({ ShardIteratorType }),
      INVALID,
      unlike(`${ShardIteratorType} and no StartingSequenceNumber`),
    ],
    [
      'GetShardIterator',
      iterator({ ShardIteratorType, StartingSequenceNumber: '5' }),
      INVALID,
      `StartingSequenceNumber 5 used in GetShardIterator on shard ${OPEN} in stream ${StreamName} under account ${ACCOUNT} is invalid.`,
    ],
    [
      'GetShardIterator',
      ({ sequenceNumber }) =>
        iterator({ ShardId: '2', ShardIteratorType, StartingSequenceNumber: sequenceNumber }),
      INVALID,
      `Invalid StartingSequenceNumber. It encodes ${OPEN}, while it was used in a call to a shard with shardId-000000000002`,
    ],
    [
      'GetShardIterator',
      ({ foreignNumber }) => iterator({ ShardIteratorType, StartingSequenceNumber: foreignNumber }),
      INVALID,
      /is invalid because it did not come from this stream\.$/,
    ],
  ]),
  ...['TRIM_HORIZON', 'LATEST'].map(
    (ShardIteratorType): Row => [
      'GetShardIterator',
      iterator({ ShardIteratorType, StartingSequenceNumber: '5' }),
      INVALID,
      unlike(`${ShardIteratorType} and also a StartingSequenceNumber`),
    ],
  ),
  [
    'GetShardIterator',
    iterator({ ShardIteratorType: 'AT_TIMESTAMP' }),
    INVALID,
    'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
  ],
  [
    'GetShardIterator',
    iterator({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: 9e9 }),
    INVALID,
    /^The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. timestampInMillis: 9000000000000, currentTimestampInMillis: \d+$/,
  ],
  ['GetRecords', { ShardIterator: 'AAAAAAAAAAEx' }, INVALID, 'Invalid ShardIterator.'],
  [
    'GetRecords',
    { ShardIterator: '' },
    'ValidationException',
    "1 validation error detected: Value '' at 'shardIterator' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'GetRecords',
    { ShardIterator: 'a'.repeat(513), Limit: 100_000 },
    'ValidationException',
    /^2 validation errors detected: /,
  ],
  [
    'SubscribeToShard',
    (made) => subscription(made, { ShardId: 'shardId-9' }),
    MISSING,
    /Could not find shard shardId-000000000009/,
  ],
  [
    'SubscribeToShard',
    (made) => subscription(made, { StartingPosition: { Type: 'AT_SEQUENCE_NUMBER' } }),
    INVALID,
    unlike('AT_SEQUENCE_NUMBER and no StartingSequenceNumber'),
  ],
  [
    'SubscribeToShard',
    (made) =>
      subscription(made, { StartingPosition: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '5' } }),
    INVALID,
    `StartingSequenceNumber 5 used in SubscribeToShard on shard ${OPEN} in stream ${StreamName} under account ${ACCOUNT} is invalid.`,
  ],

  // Consumers
  [
    'RegisterStreamConsumer',
    { StreamARN: ARN, ConsumerName: 'fan' },
    'ResourceInUseException',
    /has a consumer fan already/,
  ],
  [
    'RegisterStreamConsumer',
    { StreamARN: ARN, ConsumerName: 'fan-3' },
    'LimitExceededException',
    /has 2 consumers already/,
  ],
  [
    'DescribeStreamConsumer',
    { StreamARN: ARN, ConsumerName: 'nobody' },
    MISSING,
    /Consumer nobody of stream events/,
  ],
  ['DescribeStreamConsumer', { StreamARN: ARN }, INVALID, /must be specified/],
  [
    'DescribeStreamConsumer',
    { ConsumerARN: `${ARN}/consumer/fan:1700000000` },
    MISSING,
    /Consumer fan of stream events/,
  ],
  [
    'DeregisterStreamConsumer',
    { StreamARN: ARN, ConsumerName: 'nobody' },
    MISSING,
    /Consumer nobody of stream events/,
  ],
  ['ListStreamConsumers', { StreamARN: ARN, NextToken: 'x' }, INVALID, /NextToken/],
  ['ListStreamConsumers', { StreamARN: ARN, StreamCreationTimestamp: 1 }, MISSING, /creation time/],

  // Tags and policies
  [
    'AddTagsToStream',
    { StreamName, Tags: { 'a*': 'b' } },
    INVALID,
    'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.',
  ],
  [
    'AddTagsToStream',
    { StreamName, Tags: { a: '100 %' } },
    INVALID,
    `Failed to add tags to stream ${StreamName} under account ${ACCOUNT} because some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.`,
  ],
  ['AddTagsToStream', { StreamName, Tags: { 'aws:a': 'b' } }, INVALID, /reserved/],
  [
    'AddTagsToStream',
    { StreamName, Tags: TAGS_51 },
    INVALID,
    `Failed to add tags to stream ${StreamName} under account ${ACCOUNT} because a given stream cannot have more than 50 tags associated with it.`,
  ],
  [
    'TagResource',
    ({ consumerArn }) => ({ ResourceARN: consumerArn, Tags: TAGS_51 }),
    INVALID,
    /Failed to add tags to consumer fan .* 50 tags/,
  ],
  ['PutResourcePolicy', { ResourceARN: ARN, Policy: 'allow everything' }, INVALID, /Policy/],
  [
    'ListTagsForResource',
    { ResourceARN: 'arn:aws:kinesis:us-east-1:111111111111:stream/events' },
    MISSING,
    /111111111111/,
  ],
];

/** These refuse nothing but what no key may do. */
export const NEVER_REFUSED = ['DescribeAccountSettings', 'DescribeLimits'];
