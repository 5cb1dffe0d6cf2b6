import type { Principal } from '../../access/access.ts';
import type { ChannelCatalog, ChannelRecord } from '../../catalog/channel-catalog.ts';
import { type AwsAccount, AwsError } from '../aws-call.ts';
import { formatVideoArn, parseVideoArn } from './resource-arn.ts';
import type { DeniedCode, VideoWish } from './video-resources.ts';
import { requireVideo } from './video-rights.ts';

/** A channel as requests name it: exactly one of the two. */
export interface ChannelReference {
  readonly ChannelName?: string;
  readonly ChannelARN?: string;
}

/** A signaling channel as the AWS wire knows it. */
export interface KnownChannel {
  readonly arn: string;
  readonly record: ChannelRecord;
}

/**
 * The signaling channels of this server under their AWS names. A channel goes by the rights for streams of its name: a master
 * publishes, a viewer views.
 */
export class ChannelResources {
  readonly #channels: Pick<ChannelCatalog, 'get'>;
  readonly #account: Pick<AwsAccount, 'region' | 'accountId'>;

  constructor(channels: Pick<ChannelCatalog, 'get'>, account: Pick<AwsAccount, 'region' | 'accountId'>) {
    this.#channels = channels;
    this.#account = account;
  }

  /**
   * Throws AwsError `InvalidArgumentException` (neither, both, or an ARN of another account or region), `ResourceNotFoundException`,
   * and `denied`. A caller without the right learns nothing of existence.
   */
  find(
    { ChannelName, ChannelARN }: ChannelReference,
    wish: VideoWish,
    principal: Principal,
    denied: DeniedCode = 'AccessDeniedException',
  ): KnownChannel {
    if ((ChannelName === undefined) === (ChannelARN === undefined)) {
      throw new AwsError('InvalidArgumentException', 'Give either ChannelName or ChannelARN.');
    }
    const wanted =
      ChannelARN === undefined ? undefined : parseVideoArn(ChannelARN, ['channel'], this.#account);
    const name = wanted?.name ?? ChannelName ?? '';
    requireVideo(principal, wish, name, denied);
    const record = this.#channels.get(name);
    if (record === undefined || (wanted !== undefined && wanted.createdMs !== record.createdMs)) {
      throw new AwsError('ResourceNotFoundException', `There is no channel ${ChannelARN ?? ChannelName}.`);
    }
    return this.channelOf(record);
  }

  channelOf(record: ChannelRecord): KnownChannel {
    const { name, createdMs } = record;
    return { arn: formatVideoArn({ kind: 'channel', name, createdMs }, this.#account), record };
  }
}
