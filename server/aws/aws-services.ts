import type { Catalog } from '../catalog/catalog.ts';
import type { IceServerSettings } from '../signaling/ice-servers.ts';
import type { SignalingRelay } from '../signaling/signaling-relay.ts';
import type { AwsAccount, AwsService } from './aws-call.ts';
import { ChannelResources } from './kinesis-video/channel-resources.ts';
import { createSignalingService } from './kinesis-video/signaling-service.ts';

/** The parts of the server that AWS operations work on. */
export interface AwsParts {
  readonly account: AwsAccount;
  readonly catalog: Pick<Catalog, 'channels'>;
  readonly signaling: { readonly relay: SignalingRelay; readonly iceServers: IceServerSettings };
}

/** Every AWS service of this server, put together: the one place where a service is plugged in. */
export function createAwsServices({ account, catalog, signaling }: AwsParts): readonly AwsService[] {
  const channels = new ChannelResources(catalog.channels, account);
  return [createSignalingService({ channels, ...signaling })];
}
