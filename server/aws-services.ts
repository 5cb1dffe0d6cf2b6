import type { AwsAccount, AwsService } from './aws/aws-call.ts';
import type { KinesisParts } from './aws/kinesis/kinesis-parts.ts';
import { createKinesisService } from './aws/kinesis/kinesis-service.ts';
import { createArchivedService } from './aws/kinesis-video/archived-service.ts';
import { CatalogVideoResources } from './aws/kinesis-video/catalog-video-resources.ts';
import { ChannelResources } from './aws/kinesis-video/channel-resources.ts';
import type { ControlPlane } from './aws/kinesis-video/control-plane.ts';
import { createControlService } from './aws/kinesis-video/control-service.ts';
import { getClip } from './aws/kinesis-video/get-clip.ts';
import { getImages } from './aws/kinesis-video/get-images.ts';
import { listFragments } from './aws/kinesis-video/list-fragments.ts';
import { type MediaPartsOptions, mediaOperations } from './aws/kinesis-video/media-parts.ts';
import { createMediaService } from './aws/kinesis-video/media-service.ts';
import { createPutMediaService, type PutMediaParts } from './aws/kinesis-video/put-media-operation.ts';
import { createSignalingService } from './aws/kinesis-video/signaling-service.ts';
import { type StreamingSessionParts, streamingSessions } from './aws/kinesis-video/streaming-session.ts';
import type { RekognitionParts } from './aws/rekognition/rekognition-parts.ts';
import { createRekognitionService } from './aws/rekognition/rekognition-service.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { MediaSender } from './http/media-sender.ts';
import type { ConsumedFragments } from './playback/consumed-fragments.ts';
import type { WholeFiles } from './playback/whole-files.ts';
import type { IceServerSettings } from './signaling/ice-servers.ts';
import type { SignalingRelay } from './signaling/signaling-relay.ts';
import type { StreamService } from './streams/stream-service.ts';

/** The parts of the server that AWS operations work on. */
export interface AwsParts {
  readonly account: AwsAccount;
  readonly catalog: Pick<Catalog, 'tags' | 'channels' | 'configurations'>;
  readonly streams: StreamService;
  readonly control: Pick<
    ControlPlane,
    'autoCreate' | 'maxChannels' | 'applyRetention' | 'destinationProblem'
  >;
  readonly putMedia: Omit<PutMediaParts, 'resources'>;
  /** What of the archive is consumed, by any of the operations. */
  readonly consumed: ConsumedFragments;
  readonly media: Omit<MediaPartsOptions, 'resources' | 'consumed'>;
  readonly playback: Pick<StreamingSessionParts, 'sessions' | 'counters'>;
  readonly kinesis: Omit<KinesisParts, 'account'>;
  readonly rekognition: Omit<RekognitionParts, 'account' | 'resources' | 'streams' | 'records'>;
  readonly files: { readonly files: WholeFiles; readonly sender: MediaSender };
  readonly signaling: { readonly relay: SignalingRelay; readonly iceServers: IceServerSettings };
}

/** Every AWS service of this server, put together: the one place where a service is plugged in. */
export function createAwsServices(parts: AwsParts): readonly AwsService[] {
  const { account, catalog, streams, signaling, consumed } = parts;
  const { files, sender } = parts.files;
  const resources = new CatalogVideoResources(streams, account);
  const channels = new ChannelResources(catalog.channels, account);
  const media = mediaOperations({ resources, consumed, ...parts.media });
  return [
    createControlService({
      account,
      streams,
      catalog,
      resources,
      channels,
      ...parts.control,
    }),
    createPutMediaService({ resources, ...parts.putMedia }),
    createMediaService(media.getMedia),
    createArchivedService(
      listFragments(resources, consumed),
      media.fragmentList,
      streamingSessions({ account, resources, ...parts.playback }),
      getClip({ resources, clips: files.clips, sender, limits: files.settings.clipLimits, consumed }),
      getImages(resources, files.images, consumed),
    ),
    createSignalingService({ channels, ...signaling }),
    createKinesisService({ account, ...parts.kinesis }),
    createRekognitionService({
      account,
      resources,
      streams,
      records: parts.kinesis.records,
      ...parts.rekognition,
    }),
  ];
}
