import type { Catalog } from '../../catalog/catalog.ts';
import type { StreamService } from '../../streams/stream-service.ts';
import type { AwsAccount } from '../aws-call.ts';
import type { CatalogVideoResources } from './catalog-video-resources.ts';
import type { ChannelResources } from './channel-resources.ts';

/** What is delivered to a destination. */
export type DestinationUse = 'notification' | 'imageGeneration';

/** What the operations of the control plane work on. */
export interface ControlPlane {
  readonly account: AwsAccount;
  readonly streams: Pick<StreamService, 'list' | 'record' | 'create' | 'update' | 'delete'>;
  readonly catalog: Pick<Catalog, 'tags' | 'channels' | 'configurations'>;
  readonly resources: CatalogVideoResources;
  readonly channels: ChannelResources;
  /** Whoever may publish to a name may create the stream. */
  readonly autoCreate: boolean;
  /** Signaling channels that may exist. */
  readonly maxChannels: number;
  /** Deletes now what a stream's retention no longer covers. */
  readonly applyRetention: (stream: string) => Promise<void>;
  /** Why nothing can be delivered to the URI, for the caller to read; `undefined` when it can. */
  readonly destinationProblem: (use: DestinationUse, uri: string) => string | undefined;
}
