import { offerToMaster } from '../../signaling/alexa-offer.ts';
import { type IceServerSettings, iceServersFor } from '../../signaling/ice-servers.ts';
import { SignalingError } from '../../signaling/signaling-error.ts';
import type { SignalingRelay } from '../../signaling/signaling-relay.ts';
import { type AwsCall, AwsError, type AwsOutput, type AwsService } from '../aws-call.ts';
import { serviceOf } from '../operation-table.ts';
import type { ChannelResources } from './channel-resources.ts';

/** What the operations of the signaling endpoint work on. */
export interface SignalingOperations {
  readonly channels: Pick<ChannelResources, 'find'>;
  readonly relay: SignalingRelay;
  readonly iceServers: IceServerSettings;
}

interface GetIceServerConfigInput {
  readonly ChannelARN: string;
  readonly ClientId?: string;
  readonly Username?: string;
}

interface SendAlexaOfferInput {
  readonly ChannelARN: string;
  readonly SenderClientId: string;
  readonly MessagePayload: string;
}

/** GetIceServerConfig and SendAlexaOfferToMaster (kvs.md §6.3). */
export function createSignalingService({ channels, relay, iceServers }: SignalingOperations): AwsService {
  return serviceOf('kinesis-video-signaling', {
    handlers: {
      GetIceServerConfig({ input, principal, nowMs }: AwsCall<GetIceServerConfigInput>): AwsOutput {
        const { ChannelARN, ClientId, Username } = input;
        channels.find({ ChannelARN }, 'describe', principal, 'NotAuthorizedException');
        const user = Username ?? ClientId ?? 'master';
        return { IceServerList: iceServersFor(iceServers, user, nowMs) };
      },

      async SendAlexaOfferToMaster(call: AwsCall<SendAlexaOfferInput>): Promise<AwsOutput> {
        const { ChannelARN, SenderClientId, MessagePayload } = call.input;
        const { arn, record } = channels.find(
          { ChannelARN },
          'view',
          call.principal,
          'NotAuthorizedException',
        );
        const offer = {
          channelArn: arn,
          senderClientId: SenderClientId,
          payload: MessagePayload,
          waitMs: record.messageTtlSeconds * 1000,
        };
        const { nowMs, signal } = call;
        const answer = await offerToMaster(relay, offer, { nowMs, signal }).catch(asAwsError);
        return answer === undefined ? {} : { Answer: answer };
      },
    },
  });
}

function asAwsError(error: unknown): never {
  if (error instanceof SignalingError) throw new AwsError(error.code, error.message);
  throw error;
}
