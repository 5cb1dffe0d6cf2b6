import { CatalogError } from '../../catalog/catalog.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import type { ChannelReference, KnownChannel } from './channel-resources.ts';
import type { ControlPlane } from './control-plane.ts';
import { namePage } from './name-page.ts';
import { checkVersion, resourceVersion } from './resource-version.ts';
import { type TagItem, tagsOfList } from './tag-operations.ts';
import { translateError } from './translate-error.ts';
import { mayVideo, requireVideo } from './video-rights.ts';

/** KVS: 5 to 120, "default 60" (kvs.md §6.1). */
const DEFAULT_MESSAGE_TTL_SECONDS = 60;

interface SingleMasterConfiguration {
  readonly MessageTtlSeconds?: number;
}

interface CreateChannelInput {
  readonly ChannelName: string;
  readonly ChannelType?: 'SINGLE_MASTER' | 'FULL_MESH';
  readonly SingleMasterConfiguration?: SingleMasterConfiguration;
  readonly Tags?: readonly TagItem[];
}

interface ListChannelsInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
  readonly ChannelNameCondition?: { readonly ComparisonValue?: string };
}

interface UpdateChannelInput {
  readonly ChannelARN: string;
  readonly CurrentVersion: string;
  readonly SingleMasterConfiguration?: SingleMasterConfiguration;
}

interface DeleteChannelInput {
  readonly ChannelARN: string;
  readonly CurrentVersion?: string;
}

type Protocol = 'WSS' | 'HTTPS' | 'WEBRTC';

interface EndpointInput {
  readonly ChannelARN: string;
  readonly SingleMasterChannelEndpointConfiguration?: {
    readonly Protocols?: readonly Protocol[];
    readonly Role?: 'MASTER' | 'VIEWER';
  };
}

/** Signaling channels (kvs.md §6.1). */
export function channelOperations(plane: ControlPlane): OperationTable {
  const { account, channels: resources } = plane;
  const { channels } = plane.catalog;

  return {
    handlers: {
      CreateSignalingChannel: ({ input, principal, nowMs }: AwsCall<CreateChannelInput>) => {
        const { ChannelName: name, ChannelType: type = 'SINGLE_MASTER', Tags = [] } = input;
        requireVideo(principal, 'admin', name, 'AccessDeniedException');
        if (channels.count() >= plane.maxChannels) {
          throw new AwsError(
            'AccountChannelLimitExceededException',
            `There are ${plane.maxChannels} channels already.`,
          );
        }
        const messageTtlSeconds =
          input.SingleMasterConfiguration?.MessageTtlSeconds ?? DEFAULT_MESSAGE_TTL_SECONDS;
        const record = { name, createdMs: nowMs, type, messageTtlSeconds, version: 1 };
        try {
          channels.insert(record, tagsOfList(Tags));
        } catch (error) {
          if (error instanceof CatalogError && error.code === 'already-exists') {
            throw new AwsError('ResourceInUseException', `The channel ${name} exists already.`);
          }
          throw translateError(error);
        }
        return { ChannelARN: resources.channelOf(record).arn };
      },

      DescribeSignalingChannel: ({ input, principal }: AwsCall<ChannelReference>) => ({
        ChannelInfo: channelInfo(resources.find(input, 'describe', principal)),
      }),

      ListSignalingChannels: ({ input, principal }: AwsCall<ListChannelsInput>) => {
        const { items, next } = namePage(
          {
            operation: 'ListSignalingChannels',
            limit: input.MaxResults ?? 500,
            nextToken: input.NextToken,
            prefix: input.ChannelNameCondition?.ComparisonValue,
          },
          (options) => channels.list(options),
          ({ name }) => mayVideo(principal, 'describe', name),
        );
        return {
          ChannelInfoList: items.map((record) => channelInfo(resources.channelOf(record))),
          ...next,
        };
      },

      UpdateSignalingChannel: ({ input, principal }: AwsCall<UpdateChannelInput>) => {
        const { arn, record } = resources.find({ ChannelARN: input.ChannelARN }, 'admin', principal);
        checkVersion(input.CurrentVersion, arn, record.version);
        const messageTtlSeconds =
          input.SingleMasterConfiguration?.MessageTtlSeconds ?? record.messageTtlSeconds;
        try {
          channels.update({ ...record, messageTtlSeconds, version: record.version + 1 });
        } catch (error) {
          throw translateError(error);
        }
        return {};
      },

      DeleteSignalingChannel: ({ input, principal }: AwsCall<DeleteChannelInput>) => {
        const { arn, record } = resources.find({ ChannelARN: input.ChannelARN }, 'admin', principal);
        checkVersion(input.CurrentVersion, arn, record.version);
        channels.delete(record.name);
        return {};
      },

      GetSignalingChannelEndpoint: ({ input, principal }: AwsCall<EndpointInput>) => {
        const { Protocols = ['WSS', 'HTTPS'], Role = 'VIEWER' } =
          input.SingleMasterChannelEndpointConfiguration ?? {};
        const wish = Role === 'MASTER' ? 'publish' : 'describe';
        const { record } = resources.find({ ChannelARN: input.ChannelARN }, wish, principal);
        // "Asking WEBRTC without media storage configured: InvalidArgument" (kvs.md §6.1)
        if (Protocols.includes('WEBRTC') && channels.mediaStorage(record.name)?.isEnabled !== true) {
          throw new AwsError(
            'InvalidArgumentException',
            `The channel ${record.name} has no media storage configured, which the protocol WEBRTC needs.`,
          );
        }
        return {
          ResourceEndpointList: [...new Set(Protocols)].map((Protocol) => ({
            Protocol,
            ResourceEndpoint: endpointOf(Protocol, account.endpoint()),
          })),
        };
      },
    },
  };
}

/** One server answers all of them. Plain HTTP has plain WebSockets beside it. */
function endpointOf(protocol: Protocol, publicUrl: string): string {
  return protocol === 'WSS' ? publicUrl.replace(/^http/, 'ws') : publicUrl;
}

function channelInfo({ arn, record }: KnownChannel): AwsOutput {
  return {
    ChannelName: record.name,
    ChannelARN: arn,
    ChannelType: record.type,
    ChannelStatus: 'ACTIVE',
    CreationTime: record.createdMs,
    SingleMasterConfiguration: { MessageTtlSeconds: record.messageTtlSeconds },
    Version: resourceVersion(arn, record.version),
  };
}
