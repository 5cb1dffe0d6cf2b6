import { hash } from 'node:crypto';
import type { ObservedFace } from '../../../ml/watch/observed.ts';
import type { GalleryFace } from '../../faces/gallery.ts';
import { derivedUuid } from '../../processors/derived-uuid.ts';
import { boundingBoxOf, faceDetailOf, faceMatchOf, faceOf, percentOf } from '../../processors/face-forms.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { type CollectionInput, noCollection } from './collection-operations.ts';
import { type FacesInPicture, facesIn, type ImageInput, type QualityFilter } from './image-input.ts';
import { type PageInput, pageOf, pageSize, pageStart } from './list-page.ts';
import { invalidParameter, translating } from './rekognition-error.ts';
import { FACE_MODEL_VERSION, type RekognitionParts } from './rekognition-parts.ts';
import { requireAdmin } from './rekognition-rights.ts';

interface IndexFacesInput extends CollectionInput {
  readonly Image: ImageInput;
  readonly ExternalImageId?: string;
  readonly MaxFaces?: number;
  readonly QualityFilter?: QualityFilter;
}

interface SearchInput extends CollectionInput {
  readonly MaxFaces?: number;
  readonly FaceMatchThreshold?: number;
}

interface ListFacesInput extends CollectionInput, PageInput {
  readonly UserId?: string;
  readonly FaceIds?: readonly string[];
}

const FACE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DEFAULT_THRESHOLD = 80;
const DEFAULT_FOUND = 80;
const DEFAULT_PAGE = 1000;
/** Two embeddings that are so much alike are of the same pixels. */
const SAME_PIXELS = 0.9999;
const MAX_SAME = 16;

/** Faces of collections: put in, listed, searched for, deleted. */
export function faceOperations({ galleries, supervisor }: RekognitionParts): OperationTable {
  const requireCollection = (name: string): void => {
    if (galleries.gallery(name) === undefined) throw noCollection(name);
  };

  /** "If you provide the same image, specify the same collection, and use the same external ID, [it] doesn't save duplicate face metadata." */
  const knownFace = (
    collection: string,
    { embedding }: ObservedFace,
    picture: Pick<GalleryFace, 'imageId' | 'person'>,
  ): GalleryFace | undefined => {
    if (embedding === undefined) return undefined;
    const alike = galleries.match(collection, embedding, { minSimilarity: SAME_PIXELS, limit: MAX_SAME });
    return alike
      .map(({ face }) => face)
      .find(({ imageId, person }) => imageId === picture.imageId && person === picture.person);
  };

  const index = async ({ input, principal, nowMs }: AwsCall<IndexFacesInput>): Promise<AwsOutput> => {
    requireAdmin(principal);
    const { CollectionId: collection, ExternalImageId: person, QualityFilter: filter = 'AUTO' } = input;
    requireCollection(collection);
    const max = input.MaxFaces ?? Number.POSITIVE_INFINITY;
    const found = await facesIn(supervisor, input.Image, {
      filter,
      ...(input.MaxFaces === undefined ? {} : { maxEmbeddings: input.MaxFaces }),
    });
    const imageId = derivedUuid(['image', hash('sha256', input.Image.Bytes ?? '')]);
    const { indexed, left } = chosen(found, max);
    const records = indexed.map(({ face, embedding }) => {
      const { box, score } = face;
      const stored =
        knownFace(collection, face, { imageId, person }) ??
        galleries.addFaces(collection, [{ person, imageId, box, score, embedding }], nowMs)[0];
      if (stored === undefined) throw new Error('a face was added, and is not there');
      return { Face: faceOf(stored), FaceDetail: faceDetailOf(face) };
    });
    return {
      FaceRecords: records,
      FaceModelVersion: FACE_MODEL_VERSION,
      UnindexedFaces: left.map(({ face, reason }) => ({
        Reasons: [reason],
        FaceDetail: faceDetailOf(face),
      })),
    };
  };

  const list = ({ input, principal }: AwsCall<ListFacesInput>): AwsOutput => {
    requireAdmin(principal);
    const { CollectionId: collection, FaceIds: ids, UserId: user } = input;
    requireCollection(collection);
    if (user !== undefined) {
      throw new AwsError('ResourceNotFoundException', `There is no user ${user} in ${collection}.`);
    }
    if (ids !== undefined) {
      const found = ids.flatMap((id) => galleries.face(collection, id)?.face ?? []);
      return { Faces: found.map(faceOf), FaceModelVersion: FACE_MODEL_VERSION };
    }
    const after = pageStart(input, FACE_ID);
    const size = pageSize(input, DEFAULT_PAGE);
    const faces = galleries.faces(collection, {
      limit: size + 1,
      ...(after === undefined ? {} : { after }),
    });
    const { items, next } = pageOf(faces, size, ({ faceId }) => faceId);
    return { Faces: items.map(faceOf), FaceModelVersion: FACE_MODEL_VERSION, ...next };
  };

  const remove = ({
    input,
    principal,
  }: AwsCall<CollectionInput & { readonly FaceIds: readonly string[] }>): AwsOutput => {
    requireAdmin(principal);
    const { CollectionId: collection, FaceIds: ids } = input;
    requireCollection(collection);
    const removed = galleries.removeFaces(collection, ids);
    return {
      DeletedFaces: removed,
      UnsuccessfulFaceDeletions: [...new Set(ids)]
        .filter((id) => !removed.includes(id))
        .map((id) => ({ FaceId: id, Reasons: ['FACE_NOT_FOUND'] })),
    };
  };

  const matches = (
    { CollectionId: collection, FaceMatchThreshold: threshold = DEFAULT_THRESHOLD }: SearchInput,
    embedding: Float32Array,
    limit: number,
  ) => galleries.match(collection, embedding, { minSimilarity: threshold / 100, limit });

  const search = ({ input, principal }: AwsCall<SearchInput & { readonly FaceId: string }>): AwsOutput => {
    requireAdmin(principal);
    const { CollectionId: collection, FaceId: id, MaxFaces: max = DEFAULT_FOUND } = input;
    requireCollection(collection);
    const known = galleries.face(collection, id);
    if (known === undefined) throw invalidParameter(`faceId ${id} was not found in the collection.`);
    // Itself is not what was looked for.
    const others = matches(input, known.embedding, max + 1).filter(({ face }) => face.faceId !== id);
    return {
      SearchedFaceId: id,
      FaceMatches: others.slice(0, max).map(faceMatchOf),
      FaceModelVersion: FACE_MODEL_VERSION,
    };
  };

  const searchByImage = async ({
    input,
    principal,
  }: AwsCall<
    SearchInput & { readonly Image: ImageInput; readonly QualityFilter?: QualityFilter }
  >): Promise<AwsOutput> => {
    requireAdmin(principal);
    requireCollection(input.CollectionId);
    const { faces } = await facesIn(supervisor, input.Image, {
      filter: input.QualityFilter ?? 'NONE',
      maxEmbeddings: 1,
    });
    const [face] = faces;
    if (face?.embedding === undefined) {
      throw invalidParameter(
        'There are no faces in the image, or none that is large enough to be told apart. Should be at least 1.',
      );
    }
    return {
      SearchedFaceBoundingBox: boundingBoxOf(face.box),
      SearchedFaceConfidence: percentOf(face.score),
      FaceMatches: matches(input, face.embedding, input.MaxFaces ?? DEFAULT_FOUND).map(faceMatchOf),
      FaceModelVersion: FACE_MODEL_VERSION,
    };
  };

  return {
    handlers: {
      IndexFaces: (call: AwsCall<IndexFacesInput>) => translating(() => index(call)),
      ListFaces: (call: AwsCall<ListFacesInput>) => translating(() => list(call)),
      DeleteFaces: (call: Parameters<typeof remove>[0]) => translating(() => remove(call)),
      SearchFaces: (call: Parameters<typeof search>[0]) => translating(() => search(call)),
      SearchFacesByImage: (call: Parameters<typeof searchByImage>[0]) =>
        translating(() => searchByImage(call)),
    },
  };
}

interface ChosenFace {
  readonly face: ObservedFace;
  readonly embedding: Float32Array;
}

type UnindexedReason = 'SMALL_BOUNDING_BOX' | 'EXCEEDS_MAX_FACES';

/** The largest faces that can be told apart, and why the others are left out. */
function chosen({ faces, isSmall }: FacesInPicture, max: number) {
  const indexed: ChosenFace[] = [];
  const left: { readonly face: ObservedFace; readonly reason: UnindexedReason }[] = [];
  for (const face of faces) {
    const { embedding } = face;
    if (embedding !== undefined && indexed.length < max) indexed.push({ face, embedding });
    else left.push({ face, reason: isSmall(face) ? 'SMALL_BOUNDING_BOX' : 'EXCEEDS_MAX_FACES' });
  }
  return { indexed, left };
}
