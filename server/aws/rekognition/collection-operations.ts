import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { type PageInput, pageOf, pageSize, pageStart } from './list-page.ts';
import { collectionArn } from './rekognition-arn.ts';
import { translating } from './rekognition-error.ts';
import { FACE_MODEL_VERSION, type RekognitionParts } from './rekognition-parts.ts';
import { requireAdmin } from './rekognition-rights.ts';
import { checkTagCount, type Tags } from './rekognition-tags.ts';

export interface CollectionInput {
  readonly CollectionId: string;
}

const COLLECTION_ID = /^[a-zA-Z0-9_.-]{1,255}$/;
const DEFAULT_PAGE = 1000;

/** Collections of faces: the galleries of this server. */
export function collectionOperations({ account, galleries }: RekognitionParts): OperationTable {
  const create = ({
    input,
    principal,
    nowMs,
  }: AwsCall<CollectionInput & { readonly Tags?: Tags }>): AwsOutput => {
    requireAdmin(principal);
    const { CollectionId: name, Tags: tags = {} } = input;
    checkTagCount(tags);
    galleries.create(name, { tags, nowMs });
    return {
      StatusCode: 200,
      // As the service has it: without its first part.
      CollectionArn: collectionArn(account, name).slice('arn:'.length),
      FaceModelVersion: FACE_MODEL_VERSION,
    };
  };

  const describe = ({ input, principal }: AwsCall<CollectionInput>): AwsOutput => {
    requireAdmin(principal);
    const gallery = galleries.gallery(input.CollectionId);
    if (gallery === undefined) throw noCollection(input.CollectionId);
    return {
      FaceCount: gallery.faces,
      UserCount: 0,
      FaceModelVersion: FACE_MODEL_VERSION,
      CollectionARN: collectionArn(account, gallery.name),
      CreationTimestamp: gallery.createdMs,
    };
  };

  const list = ({ input, principal }: AwsCall<PageInput>): AwsOutput => {
    requireAdmin(principal);
    const after = pageStart(input, COLLECTION_ID) ?? '';
    const size = pageSize(input, DEFAULT_PAGE);
    const names = galleries
      .list()
      .map(({ name }) => name)
      .filter((name) => name > after)
      .toSorted();
    const { items, next } = pageOf(names, size, (name) => name);
    return { CollectionIds: items, FaceModelVersions: items.map(() => FACE_MODEL_VERSION), ...next };
  };

  const remove = ({ input, principal }: AwsCall<CollectionInput>): AwsOutput => {
    requireAdmin(principal);
    galleries.remove(input.CollectionId);
    return { StatusCode: 200 };
  };

  return {
    handlers: {
      CreateCollection: (call: Parameters<typeof create>[0]) => translating(() => create(call)),
      DescribeCollection: (call: AwsCall<CollectionInput>) => translating(() => describe(call)),
      ListCollections: (call: AwsCall<PageInput>) => translating(() => list(call)),
      DeleteCollection: (call: AwsCall<CollectionInput>) => translating(() => remove(call)),
    },
  };
}

export function noCollection(id: string): AwsError {
  return new AwsError('ResourceNotFoundException', `The collection id: ${id} does not exist`);
}
