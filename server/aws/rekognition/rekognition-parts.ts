import type { DetectionSupervisor } from '../../../ml/supervisor/supervisor.ts';
import type { DetectionService } from '../../detection/detection-service.ts';
import type { Galleries } from '../../faces/gallery.ts';
import type { StreamProcessors } from '../../processors/stream-processors.ts';
import type { RecordService } from '../../records/record-service.ts';
import type { StreamService } from '../../streams/stream-service.ts';
import type { AwsAccount } from '../aws-call.ts';
import type { VideoResources } from '../kinesis-video/video-resources.ts';

/** What the operations of Rekognition work on. */
export interface RekognitionParts {
  readonly account: AwsAccount;
  readonly galleries: Galleries;
  readonly processors: StreamProcessors;
  readonly supervisor: Pick<DetectionSupervisor, 'look'>;
  readonly detection: Pick<DetectionService, 'settingsOf'>;
  readonly resources: Pick<VideoResources, 'find'>;
  readonly streams: Pick<StreamService, 'list' | 'record'>;
  readonly records: Pick<RecordService, 'stream'>;
  /** The registered model that DetectLabels asks. */
  readonly labelModel: string;
  /** The labels that a registered model knows; `undefined` when there is no such model, or it cannot be read. */
  readonly labelsOf: (model: string) => Promise<readonly string[] | undefined>;
}

/** Of the model that faces are told apart by. The service's own is at 7.0; versions here are counted from 1. */
export const FACE_MODEL_VERSION = '1.0';
