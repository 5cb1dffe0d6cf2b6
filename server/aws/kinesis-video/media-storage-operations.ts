import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import type { ChannelReference } from './channel-resources.ts';
import type { ControlPlane } from './control-plane.ts';
import { readPageToken } from './page-token.ts';
import type { StreamReference } from './video-resources.ts';

interface UpdateInput {
  readonly ChannelARN: string;
  readonly MediaStorageConfiguration: {
    readonly StreamARN?: string;
    readonly Status: 'ENABLED' | 'DISABLED';
  };
}

interface MappedInput extends StreamReference {
  /** At most one: so is what there can be. */
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** Which stream records a channel, seen from both sides (kvs.md §1.5). A stream records one channel at most. */
export function mediaStorageOperations(plane: ControlPlane): OperationTable {
  const { channels } = plane.catalog;

  return {
    handlers: {
      UpdateMediaStorageConfiguration: ({ input, principal }: AwsCall<UpdateInput>) => {
        const channel = plane.channels.find({ ChannelARN: input.ChannelARN }, 'admin', principal).record.name;
        const { StreamARN, Status } = input.MediaStorageConfiguration;
        const isEnabled = Status === 'ENABLED';
        if (StreamARN === undefined) {
          if (isEnabled) {
            throw new AwsError('InvalidArgumentException', 'ENABLED needs the StreamARN that is to record.');
          }
          channels.removeMediaStorage(channel);
          return {};
        }
        const stream = plane.resources.find({ StreamARN }, 'admin', principal, 'AccessDeniedException');
        if (isEnabled) requireRetention(stream);
        const other = channels.mediaStorageOfStream(stream.name);
        if (other !== undefined && other.channel !== channel) {
          if (other.isEnabled) {
            throw new AwsError(
              'ResourceInUseException',
              `The stream ${stream.name} records the channel ${other.channel} already.`,
            );
          }
          channels.removeMediaStorage(other.channel);
        }
        channels.putMediaStorage({ channel, stream: stream.name, isEnabled });
        return {};
      },

      DescribeMediaStorageConfiguration: ({ input, principal }: AwsCall<ChannelReference>) => {
        const { record } = plane.channels.find(input, 'describe', principal);
        const storage = channels.mediaStorage(record.name);
        const stream = storage === undefined ? undefined : plane.streams.record(storage.stream);
        return {
          MediaStorageConfiguration: {
            Status: storage?.isEnabled === true ? 'ENABLED' : 'DISABLED',
            ...(stream === undefined ? {} : { StreamARN: plane.resources.streamOf(stream).arn }),
          },
        };
      },

      DescribeMappedResourceConfiguration: ({ input, principal }: AwsCall<MappedInput>) => {
        const { name } = plane.resources.find(input, 'describe', principal, 'AccessDeniedException');
        readPageToken('DescribeMappedResourceConfiguration', input.NextToken);
        const storage = channels.mediaStorageOfStream(name);
        const channel = storage?.isEnabled === true ? channels.get(storage.channel) : undefined;
        const mapped =
          channel === undefined
            ? []
            : [{ Type: 'SIGNALING_CHANNEL', ARN: plane.channels.channelOf(channel).arn }];
        return { MappedResourceConfigurationList: mapped };
      },
    },
  };
}
