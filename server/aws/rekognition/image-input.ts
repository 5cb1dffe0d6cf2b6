import type { DetectionSupervisor, PictureAnswer } from '../../../ml/supervisor/supervisor.ts';
import type { ObservedFace } from '../../../ml/watch/observed.ts';
import { AwsError } from '../aws-call.ts';
import { invalidParameter } from './rekognition-error.ts';

/** A picture as requests carry it. */
export interface ImageInput {
  readonly Bytes?: Uint8Array;
  readonly S3Object?: object;
}

export type QualityFilter = 'NONE' | 'AUTO' | 'LOW' | 'MEDIUM' | 'HIGH';

/** "[It] must be formatted as a PNG or JPEG file": what their files begin with. */
const SIGNATURES = [
  Buffer.from([0xff, 0xd8, 0xff]),
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
];

/**
 * The file of a picture. Throws AwsError `InvalidParameterException`, `InvalidS3ObjectException` (there is no S3 here that could be
 * read), `InvalidImageFormatException`.
 */
export function imageFileOf({ Bytes: bytes, S3Object: object }: ImageInput): Uint8Array {
  if ((bytes === undefined) === (object === undefined)) {
    throw invalidParameter('An image is given either as Bytes or as S3Object.');
  }
  if (bytes === undefined) {
    throw new AwsError(
      'InvalidS3ObjectException',
      'This server reads no images from S3: send the file itself as Bytes.',
    );
  }
  const isImage = SIGNATURES.some((signature) => signature.equals(bytes.subarray(0, signature.length)));
  if (!isImage) {
    throw new AwsError(
      'InvalidImageFormatException',
      'Request has invalid image format: neither JPEG nor PNG.',
    );
  }
  return bytes;
}

/** Faces that are smaller tell nobody apart, pixels (detection.md §2: 50; below 25 likenesses are useless). */
const MIN_PIXELS: Readonly<Record<QualityFilter, number>> = {
  NONE: 16,
  LOW: 32,
  AUTO: 50,
  MEDIUM: 50,
  HIGH: 80,
};

/** "DetectFaces detects the 100 largest faces in the image"; so do the others. */
const MAX_FACES = 100;

export interface FacesWish {
  readonly filter: QualityFilter;
  /** Faces that are to be told apart, the largest first: it takes time for each. */
  readonly maxEmbeddings?: number;
}

export interface FacesInPicture {
  readonly picture: PictureAnswer;
  /** The largest first. */
  readonly faces: readonly ObservedFace[];
  /** Smaller than what the filter lets through. */
  readonly isSmall: (face: ObservedFace) => boolean;
}

/** Looks for the faces in a picture. Throws WatchError, AwsError. */
export async function facesIn(
  supervisor: Pick<DetectionSupervisor, 'look'>,
  image: ImageInput,
  { filter, maxEmbeddings = MAX_FACES }: FacesWish,
): Promise<FacesInPicture> {
  const minPixels = MIN_PIXELS[filter];
  const picture = await supervisor.look({ file: imageFileOf(image), faces: { minPixels, maxEmbeddings } });
  return {
    picture,
    faces: picture.faces.toSorted((a, b) => areaOf(b) - areaOf(a)).slice(0, MAX_FACES),
    isSmall: ({ box }) => box[2] * picture.width < minPixels,
  };
}

function areaOf({ box }: ObservedFace): number {
  return box[2] * box[3];
}
