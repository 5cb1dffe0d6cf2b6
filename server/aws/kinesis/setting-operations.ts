import type { DataStreamInfo, StreamChange, StreamMode } from '../../records/record-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { ChangeBudget } from './change-budget.ts';
import { DataResources, type StreamReference } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { streamArn } from './stream-arn.ts';
import { warmThroughputForm } from './stream-operations.ts';
import { notOnDemand } from './stream-rules.ts';
import { translating } from './translate-error.ts';

/** "Switching modes: 2 times per 24 h" (kinesis-data-streams.md §6). */
const MODE_CHANGES_A_DAY = 2;
const MIN_RETENTION_HOURS = 24;
const MAX_RETENTION_HOURS = 8760;
const KIB = 1024;

const METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
] as const;

type Metrics = { readonly ShardLevelMetrics: readonly string[] };
type Retention = StreamReference & { readonly RetentionPeriodHours: number };

/** What can be set of a stream. */
export function settingOperations({ records, account }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);
  const modeChanges = new ChangeBudget(MODE_CHANGES_A_DAY);

  const change = async (
    { input, principal }: AwsCall<StreamReference>,
    changeOf: (stream: DataStreamInfo) => StreamChange,
  ): Promise<DataStreamInfo> => {
    const stream = resources.find(input, 'admin', principal);
    const changes = changeOf(stream);
    return translating(() => records.change(stream.name, changes));
  };

  const nothing = async (changing: Promise<unknown>): Promise<AwsOutput> => {
    await changing;
    return {};
  };

  const retention = (call: AwsCall<Retention>, direction: 'Increase' | 'Decrease'): Promise<AwsOutput> =>
    nothing(
      change(call, ({ name, retentionHours }) => {
        const { RetentionPeriodHours: hours } = call.input;
        checkRetention(name, hours, retentionHours, direction);
        return { retentionHours: hours };
      }),
    );

  const monitoring = async (
    call: AwsCall<StreamReference & Metrics>,
    desiredOf: (current: readonly string[], named: readonly string[]) => readonly string[],
  ): Promise<AwsOutput> => {
    const { ShardLevelMetrics: asked } = call.input;
    const named = asked.includes('ALL') ? METRICS : asked;
    const before = resources.find(call.input, 'admin', call.principal);
    const after = await change(call, (stream) => ({
      enhancedMonitoring: desiredOf(stream.enhancedMonitoring, named),
    }));
    return {
      StreamName: after.name,
      StreamARN: streamArn(account, after.name),
      CurrentShardLevelMetrics: before.enhancedMonitoring,
      DesiredShardLevelMetrics: after.enhancedMonitoring,
    };
  };

  const updateStreamMode = (
    call: AwsCall<
      StreamReference & {
        readonly StreamModeDetails: { readonly StreamMode: StreamMode };
        readonly WarmThroughputMiBps?: number;
      }
    >,
  ): Promise<AwsOutput> =>
    nothing(
      change(call, ({ name, mode }) => {
        const { StreamMode: wanted } = call.input.StreamModeDetails;
        const { WarmThroughputMiBps: warm } = call.input;
        if (wanted !== mode && !modeChanges.take(name, call.nowMs)) {
          throw new AwsError(
            'LimitExceededException',
            `The mode of ${name} was changed ${MODE_CHANGES_A_DAY} times in 24 hours.`,
          );
        }
        if (wanted !== 'ON_DEMAND' && warm !== undefined) throw notOnDemand(name);
        return { mode: wanted, ...(warm === undefined ? {} : { warmThroughputMibPerSecond: warm }) };
      }),
    );

  return {
    handlers: {
      IncreaseStreamRetentionPeriod: (call: AwsCall<Retention>) => retention(call, 'Increase'),
      DecreaseStreamRetentionPeriod: (call: AwsCall<Retention>) => retention(call, 'Decrease'),
      EnableEnhancedMonitoring: (call: AwsCall<StreamReference & Metrics>) =>
        monitoring(call, (current, named) =>
          METRICS.filter((metric) => current.includes(metric) || named.includes(metric)),
        ),
      DisableEnhancedMonitoring: (call: AwsCall<StreamReference & Metrics>) =>
        monitoring(call, (current, named) => current.filter((metric) => !named.includes(metric))),
      StartStreamEncryption: (
        call: AwsCall<StreamReference & { readonly EncryptionType: 'NONE' | 'KMS'; readonly KeyId: string }>,
      ) =>
        nothing(
          change(call, () => {
            requireKms(call.input);
            return { encryptionKeyId: call.input.KeyId };
          }),
        ),
      StopStreamEncryption: (call: AwsCall<StreamReference & { readonly EncryptionType: 'NONE' | 'KMS' }>) =>
        nothing(
          change(call, () => {
            requireKms(call.input);
            return { encryptionKeyId: undefined };
          }),
        ),
      UpdateStreamMode: updateStreamMode,
      UpdateMaxRecordSize: (call: AwsCall<StreamReference & { readonly MaxRecordSizeInKiB: number }>) =>
        nothing(change(call, () => ({ maxRecordBytes: call.input.MaxRecordSizeInKiB * KIB }))),
      UpdateStreamWarmThroughput: async (
        call: AwsCall<StreamReference & { readonly WarmThroughputMiBps: number }>,
      ): Promise<AwsOutput> => {
        const stream = await change(call, ({ name, mode }) => {
          if (mode !== 'ON_DEMAND') throw notOnDemand(name);
          return { warmThroughputMibPerSecond: call.input.WarmThroughputMiBps };
        });
        return {
          StreamARN: streamArn(account, stream.name),
          StreamName: stream.name,
          WarmThroughput: warmThroughputForm(stream),
        };
      },
    },
  };
}

/** "The only valid value is KMS." */
function requireKms({ EncryptionType: type }: { readonly EncryptionType: 'NONE' | 'KMS' }): void {
  if (type !== 'KMS') throw new AwsError('InvalidArgumentException', 'EncryptionType must be KMS.');
}

function checkRetention(
  name: string,
  hours: number,
  presentHours: number,
  direction: 'Increase' | 'Decrease',
): void {
  const isIncrease = direction === 'Increase';
  if (hours < MIN_RETENTION_HOURS) {
    throw new AwsError(
      'InvalidArgumentException',
      `Minimum allowed retention period is ${MIN_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > MAX_RETENTION_HOURS) {
    throw new AwsError(
      'InvalidArgumentException',
      `Maximum allowed retention period is ${MAX_RETENTION_HOURS} hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  if (isIncrease ? hours >= presentHours : hours <= presentHours) return;
  const [relation, other] = isIncrease ? ['shorter', 'Decrease'] : ['longer', 'Increase'];
  throw new AwsError(
    'InvalidArgumentException',
    `Requested retention period (${hours} hours) for stream ${name} can not be ${relation} than existing retention period ` +
      `(${presentHours} hours). Use ${other}RetentionPeriod API.`,
  );
}
