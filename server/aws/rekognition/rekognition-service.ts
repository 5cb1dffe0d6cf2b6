import type { AwsService } from '../aws-call.ts';
import { serviceOf } from '../operation-table.ts';
import { collectionOperations } from './collection-operations.ts';
import { faceOperations } from './face-operations.ts';
import { imageOperations } from './image-operations.ts';
import { processorOperations } from './processor-operations.ts';
import type { RekognitionParts } from './rekognition-parts.ts';
import { tagOperations } from './tag-operations.ts';

/** Amazon Rekognition: the operations of docs/rekognition.md. */
export function createRekognitionService(parts: RekognitionParts): AwsService {
  return serviceOf(
    'rekognition',
    collectionOperations(parts),
    faceOperations(parts),
    imageOperations(parts),
    processorOperations(parts),
    tagOperations(parts),
  );
}
