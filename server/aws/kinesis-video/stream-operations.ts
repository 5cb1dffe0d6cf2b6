import type { StreamChange } from '../../streams/stream-service.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { type KnownStream, MAX_RETENTION_HOURS } from './catalog-video-resources.ts';
import type { ControlPlane } from './control-plane.ts';
import { namePage } from './name-page.ts';
import { checkVersion, resourceVersion } from './resource-version.ts';
import { translateError } from './translate-error.ts';
import type { StreamReference } from './video-resources.ts';
import { mayVideo, requireVideo } from './video-rights.ts';

interface StorageConfiguration {
  readonly DefaultStorageTier: 'HOT' | 'WARM';
}

interface CreateStreamInput {
  readonly StreamName: string;
  readonly DeviceName?: string;
  readonly MediaType?: string;
  readonly KmsKeyId?: string;
  readonly DataRetentionInHours?: number;
  readonly Tags?: Readonly<Record<string, string>>;
  readonly StreamStorageConfiguration?: StorageConfiguration;
}

interface ListStreamsInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly StreamNameCondition?: { readonly ComparisonValue?: string };
}

interface UpdateStreamInput extends StreamReference {
  readonly CurrentVersion: string;
  readonly DeviceName?: string;
  readonly MediaType?: string;
}

interface DeleteStreamInput {
  readonly StreamARN: string;
  readonly CurrentVersion?: string;
}

interface UpdateDataRetentionInput extends StreamReference {
  readonly CurrentVersion: string;
  readonly Operation: 'INCREASE_DATA_RETENTION' | 'DECREASE_DATA_RETENTION';
  readonly DataRetentionChangeInHours: number;
}

interface UpdateStorageInput extends StreamReference {
  readonly CurrentVersion: string;
  readonly StreamStorageConfiguration: StorageConfiguration;
}

/** Streams themselves: made, described, listed, changed, deleted (kvs.md §1.1, §1.2). What is accepted has happened. */
export function streamOperations(plane: ControlPlane): OperationTable {
  const { resources, streams } = plane;

  /** Changes a stream for somebody who gave its present version. */
  const update = (stream: KnownStream, currentVersion: string, change: StreamChange): void => {
    checkVersion(currentVersion, stream.arn, stream.record.version);
    try {
      streams.update(stream.name, change);
    } catch (error) {
      throw translateError(error);
    }
  };

  return {
    handlers: {
      CreateStream: ({ input, principal }: AwsCall<CreateStreamInput>) => {
        const { StreamName, DeviceName, MediaType, KmsKeyId, DataRetentionInHours = 0, Tags = {} } = input;
        const wish = plane.autoCreate && mayVideo(principal, 'publish', StreamName) ? 'publish' : 'admin';
        requireVideo(principal, wish, StreamName, 'AccessDeniedException');
        checkRetention(DataRetentionInHours);
        try {
          const record = streams.create(
            StreamName,
            {
              retentionHours: DataRetentionInHours,
              isWarm: isWarm(input.StreamStorageConfiguration),
              ...(DeviceName === undefined ? {} : { deviceName: DeviceName }),
              ...(MediaType === undefined ? {} : { mediaType: MediaType }),
              ...(KmsKeyId === undefined ? {} : { kmsKeyId: KmsKeyId }),
            },
            Tags,
          );
          return { StreamARN: resources.streamOf(record).arn };
        } catch (error) {
          throw translateError(error);
        }
      },

      DescribeStream: ({ input, principal }: AwsCall<StreamReference>) => ({
        StreamInfo: streamInfo(plane, resources.find(input, 'describe', principal)),
      }),

      ListStreams: ({ input, principal }: AwsCall<ListStreamsInput>) => {
        const { items, next } = namePage(
          {
            operation: 'ListStreams',
            limit: input.MaxResults ?? 10_000,
            nextToken: input.NextToken,
            prefix: input.StreamNameCondition?.ComparisonValue,
          },
          (options) => streams.list(options),
          ({ name }) => mayVideo(principal, 'describe', name),
        );
        const infos = items.map((record) => streamInfo(plane, resources.streamOf(record)));
        return { StreamInfoList: infos, ...next };
      },

      UpdateStream: ({ input, principal }: AwsCall<UpdateStreamInput>) => {
        const { CurrentVersion, DeviceName, MediaType } = input;
        update(resources.find(input, 'admin', principal), CurrentVersion, {
          ...(DeviceName === undefined ? {} : { deviceName: DeviceName }),
          ...(MediaType === undefined ? {} : { mediaType: MediaType }),
        });
        return {};
      },

      DeleteStream: async ({ input, principal }: AwsCall<DeleteStreamInput>) => {
        const stream = resources.find({ StreamARN: input.StreamARN }, 'admin', principal);
        checkVersion(input.CurrentVersion, stream.arn, stream.record.version);
        try {
          await streams.delete(stream.name);
        } catch (error) {
          throw translateError(error);
        }
        return {};
      },

      UpdateDataRetention: async ({ input, principal }: AwsCall<UpdateDataRetentionInput>) => {
        const stream = resources.find(input, 'admin', principal);
        const isIncrease = input.Operation === 'INCREASE_DATA_RETENTION';
        const change = (isIncrease ? 1 : -1) * input.DataRetentionChangeInHours;
        checkVersion(input.CurrentVersion, stream.arn, stream.record.version);
        const retentionHours = stream.retentionHours + change;
        checkRetention(retentionHours);
        update(stream, input.CurrentVersion, { retentionHours });
        if (!isIncrease) await plane.applyRetention(stream.name);
        return {};
      },

      DescribeStreamStorageConfiguration: ({ input, principal }: AwsCall<StreamReference>) => {
        const { name, arn, record } = resources.find(input, 'view', principal, 'AccessDeniedException');
        const tier = record.isWarm === true ? 'WARM' : 'HOT';
        return {
          StreamName: name,
          StreamARN: arn,
          StreamStorageConfiguration: { DefaultStorageTier: tier },
        };
      },

      UpdateStreamStorageConfiguration: ({ input, principal }: AwsCall<UpdateStorageInput>) => {
        const stream = resources.find(input, 'admin', principal, 'AccessDeniedException');
        update(stream, input.CurrentVersion, { isWarm: isWarm(input.StreamStorageConfiguration) });
        return {};
      },

      // One server answers all endpoints (kvs.md §1.3); clients append the path of the API.
      GetDataEndpoint: ({ input, principal }: AwsCall<StreamReference>) => {
        resources.find(input, 'describe', principal);
        return { DataEndpoint: plane.account.endpoint() };
      },
    },
  };
}

/** Well below the 100 JSON tokens that the C producer can read (kvs.md §1.2). */
function streamInfo(
  { account, streams }: ControlPlane,
  { name, arn, retentionHours, record }: KnownStream,
): AwsOutput {
  const { deviceName, mediaType, kmsKeyId, createdMs, version } = record;
  return {
    ...(deviceName === undefined ? {} : { DeviceName: deviceName }),
    StreamName: name,
    StreamARN: arn,
    ...(mediaType === undefined ? {} : { MediaType: mediaType }),
    KmsKeyId: kmsKeyId ?? `arn:aws:kms:${account.region}:${account.accountId}:alias/aws/kinesisvideo`,
    Version: resourceVersion(arn, version),
    Status: streams.record(name) === undefined ? 'DELETING' : 'ACTIVE',
    CreationTime: createdMs,
    DataRetentionInHours: retentionHours,
  };
}

function isWarm(configuration: StorageConfiguration | undefined): boolean {
  return configuration?.DefaultStorageTier === 'WARM';
}

function checkRetention(hours: number): void {
  if (hours >= 0 && hours <= MAX_RETENTION_HOURS) return;
  throw new AwsError(
    'InvalidArgumentException',
    `The retention would be ${hours} hours; it can be 0 to ${MAX_RETENTION_HOURS}.`,
  );
}
