import { boundingBoxOf, faceDetailOf, percentOf } from '../../processors/face-forms.ts';
import type { AwsCall, AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { type LabelFilters, labelsIn } from './detect-labels.ts';
import { facesIn, type ImageInput, imageFileOf, type QualityFilter } from './image-input.ts';
import { invalidParameter, translating } from './rekognition-error.ts';
import type { RekognitionParts } from './rekognition-parts.ts';
import { requireAdmin, requireViewer } from './rekognition-rights.ts';

interface DetectLabelsInput {
  readonly Image: ImageInput;
  readonly MaxLabels?: number;
  readonly MinConfidence?: number;
  readonly Features?: readonly ('GENERAL_LABELS' | 'IMAGE_PROPERTIES')[];
  readonly Settings?: { readonly GeneralLabels?: LabelFilters; readonly ImageProperties?: object };
}

interface CompareFacesInput {
  readonly SourceImage: ImageInput;
  readonly TargetImage: ImageInput;
  readonly SimilarityThreshold?: number;
  readonly QualityFilter?: QualityFilter;
}

/** "The default and upper limit is 1000 labels." */
const MAX_LABELS = 1000;
const DEFAULT_SIMILARITY = 80;

/** What can be said of one picture, or of two; nothing of it is kept. */
export function imageOperations({ supervisor, streams, labelModel }: RekognitionParts): OperationTable {
  const detectLabels = async ({ input, principal }: AwsCall<DetectLabelsInput>): Promise<AwsOutput> => {
    requireViewer(principal, streams);
    const { Features: features = [], Settings: settings = {}, MinConfidence: percent } = input;
    if (features.includes('IMAGE_PROPERTIES') || settings.ImageProperties !== undefined) {
      throw invalidParameter('IMAGE_PROPERTIES are not told here: ask for GENERAL_LABELS only.');
    }
    const { objects, model } = await supervisor.look({
      file: imageFileOf(input.Image),
      model: labelModel,
      ...(percent === undefined ? {} : { minScore: percent / 100 }),
    });
    return {
      Labels: labelsIn(
        objects,
        settings.GeneralLabels ?? {},
        Math.min(input.MaxLabels ?? MAX_LABELS, MAX_LABELS),
      ),
      LabelModelVersion: model === undefined ? labelModel : `${model.name}-${model.sha256.slice(0, 12)}`,
    };
  };

  const detectFaces = async ({
    input,
    principal,
  }: AwsCall<{ readonly Image: ImageInput }>): Promise<AwsOutput> => {
    requireViewer(principal, streams);
    const { faces } = await facesIn(supervisor, input.Image, { filter: 'AUTO', maxEmbeddings: 0 });
    return { FaceDetails: faces.map(faceDetailOf) };
  };

  const compareFaces = async ({ input, principal }: AwsCall<CompareFacesInput>): Promise<AwsOutput> => {
    requireAdmin(principal);
    const { QualityFilter: filter = 'NONE', SimilarityThreshold: threshold = DEFAULT_SIMILARITY } = input;
    const source = await facesIn(supervisor, input.SourceImage, { filter, maxEmbeddings: 1 });
    const [face] = source.faces;
    if (face?.embedding === undefined) throw noFace('source');
    const target = await facesIn(supervisor, input.TargetImage, { filter });
    if (target.faces.length === 0) throw noFace('target');
    const { embedding } = face;
    const compared = target.faces.map((each) => ({
      similarity: each.embedding === undefined ? 0 : percentOf(similarityOf(embedding, each.embedding)),
      face: each,
    }));
    const isMatch = ({ similarity }: { readonly similarity: number }) => similarity >= threshold;
    return {
      SourceImageFace: { BoundingBox: boundingBoxOf(face.box), Confidence: percentOf(face.score) },
      FaceMatches: compared
        .filter(isMatch)
        .toSorted((a, b) => b.similarity - a.similarity)
        .map((match) => ({ Similarity: match.similarity, Face: faceDetailOf(match.face) })),
      UnmatchedFaces: compared.filter((each) => !isMatch(each)).map((each) => faceDetailOf(each.face)),
    };
  };

  return {
    handlers: {
      DetectLabels: (call: AwsCall<DetectLabelsInput>) => translating(() => detectLabels(call)),
      DetectFaces: (call: Parameters<typeof detectFaces>[0]) => translating(() => detectFaces(call)),
      CompareFaces: (call: AwsCall<CompareFacesInput>) => translating(() => compareFaces(call)),
    },
  };
}

/** Cosine similarity of two unit vectors, 0 to 1. */
function similarityOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (const [index, value] of a.entries()) sum += value * (b[index] ?? 0);
  return Math.min(1, Math.max(0, sum));
}

function noFace(which: string) {
  return invalidParameter(
    `There is no face in the ${which} image, or none that is large enough to be told apart.`,
  );
}
