import type { ChannelCatalog } from '../../catalog/channel-catalog.ts';
import type { SignalingChannel, SignalingChannels } from '../../signaling/signaling-channels.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';
import { parseVideoArn, type VideoArn } from './resource-arn.ts';

/** The channels of the catalog, as the signaling service asks for them. */
export class CatalogSignalingChannels implements SignalingChannels {
  readonly #channels: Pick<ChannelCatalog, 'get'>;
  readonly #account: Pick<AwsAccount, 'region' | 'accountId'>;

  constructor(channels: Pick<ChannelCatalog, 'get'>, account: Pick<AwsAccount, 'region' | 'accountId'>) {
    this.#channels = channels;
    this.#account = account;
  }

  find(channelArn: string): SignalingChannel | undefined {
    const wanted = this.#parse(channelArn);
    const record = wanted && this.#channels.get(wanted.name);
    if (record === undefined || record.createdMs !== wanted?.createdMs) return undefined;
    return { name: record.name, arn: channelArn, messageTtlMs: record.messageTtlSeconds * 1000 };
  }

  /** An ARN of another account or region names no channel of ours. */
  #parse(channelArn: string): VideoArn | undefined {
    try {
      return parseVideoArn(channelArn, ['channel'], this.#account);
    } catch (error) {
      if (error instanceof AwsError) return undefined;
      throw error;
    }
  }
}
