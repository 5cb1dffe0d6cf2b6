import type {
  ImageGenerationConfiguration,
  NotificationConfiguration,
} from '../../catalog/configuration-catalog.ts';
import { type AwsCall, AwsError } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { requireRetention } from './archived-only.ts';
import type { ControlPlane, DestinationUse } from './control-plane.ts';
import type { StreamReference } from './video-resources.ts';

interface UpdateNotificationInput extends StreamReference {
  readonly NotificationConfiguration?: NotificationConfiguration;
}

interface UpdateImagesInput extends StreamReference {
  readonly ImageGenerationConfiguration?: ImageGenerationConfiguration;
}

const DENIED = 'AccessDeniedException';

/** "Minimum 200" by the API's documentation; the model has no bound (kvs.md §1.4). */
const MIN_SAMPLING_MS = 200;

/** Where notifications and images of a stream go (kvs.md §1.4). An absent configuration deletes what there was. */
export function notificationOperations(plane: ControlPlane): OperationTable {
  const { configurations } = plane.catalog;

  return {
    handlers: {
      UpdateNotificationConfiguration: ({ input, principal }: AwsCall<UpdateNotificationInput>) => {
        const stream = plane.resources.find(input, 'admin', principal, DENIED);
        const { NotificationConfiguration: configuration } = input;
        requireRetention(stream);
        if (configuration === undefined) {
          configurations.remove(stream.name, 'notification');
          return {};
        }
        checkDestination(plane, 'notification', configuration.DestinationConfig.Uri);
        configurations.put(stream.name, 'notification', configuration);
        return {};
      },

      DescribeNotificationConfiguration: ({ input, principal }: AwsCall<StreamReference>) => {
        const { name } = plane.resources.find(input, 'admin', principal, DENIED);
        const configuration = configurations.get(name, 'notification');
        return configuration === undefined ? {} : { NotificationConfiguration: configuration };
      },

      UpdateImageGenerationConfiguration: ({ input, principal }: AwsCall<UpdateImagesInput>) => {
        const stream = plane.resources.find(input, 'admin', principal, DENIED);
        const { ImageGenerationConfiguration: configuration } = input;
        requireRetention(stream);
        if (configuration === undefined) {
          configurations.remove(stream.name, 'imageGeneration');
          return {};
        }
        checkImages(configuration);
        checkDestination(plane, 'imageGeneration', configuration.DestinationConfig.Uri);
        configurations.put(stream.name, 'imageGeneration', configuration);
        return {};
      },

      DescribeImageGenerationConfiguration: ({ input, principal }: AwsCall<StreamReference>) => {
        const { name } = plane.resources.find(input, 'admin', principal, DENIED);
        const configuration = configurations.get(name, 'imageGeneration');
        return configuration === undefined ? {} : { ImageGenerationConfiguration: configuration };
      },
    },
  };
}

function checkDestination(plane: ControlPlane, use: DestinationUse, uri: string): void {
  const problem = plane.destinationProblem(use, uri);
  if (problem !== undefined) throw new AwsError('InvalidArgumentException', problem);
}

/** What the model leaves open of images. */
function checkImages({ SamplingInterval, Format, FormatConfig }: ImageGenerationConfiguration): void {
  if (SamplingInterval < MIN_SAMPLING_MS) {
    throw new AwsError(
      'InvalidArgumentException',
      `The SamplingInterval is ${SamplingInterval} ms; the least is ${MIN_SAMPLING_MS} ms.`,
    );
  }
  const quality = FormatConfig?.JPEGQuality;
  if (quality === undefined) return;
  if (Format !== 'JPEG') {
    throw new AwsError('InvalidArgumentException', 'JPEGQuality is for the Format JPEG.');
  }
  const isQuality = /^[1-9][0-9]{0,2}$/.test(quality) && Number(quality) <= 100;
  if (!isQuality) {
    throw new AwsError('InvalidArgumentException', `The JPEGQuality is ${quality}; it can be 1 to 100.`);
  }
}
