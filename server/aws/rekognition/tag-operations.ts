import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import { parseRekognitionArn } from './rekognition-arn.ts';
import { translating } from './rekognition-error.ts';
import type { RekognitionParts } from './rekognition-parts.ts';
import { requireAdmin } from './rekognition-rights.ts';
import { checkTagCount, type Tags } from './rekognition-tags.ts';

interface ResourceInput {
  readonly ResourceArn: string;
}

/** Something that has tags. */
interface Tagged {
  readonly tags: Tags;
  readonly set: (tags: Tags) => void;
}

/** Tags of collections and stream processors, by ARN. */
export function tagOperations({ account, galleries, processors }: RekognitionParts): OperationTable {
  const resourceOf = (call: AwsCall<ResourceInput>): Tagged => {
    requireAdmin(call.principal);
    const { ResourceArn: arn } = call.input;
    const { kind, name } = parseRekognitionArn(account, arn);
    if (kind === 'streamprocessor') {
      const { tags } = processors.describe(name).processor;
      return { tags, set: (all) => processors.setTags(name, all) };
    }
    const gallery = galleries.gallery(name);
    if (gallery === undefined) throw new AwsError('ResourceNotFoundException', `There is no ${arn}.`);
    return { tags: gallery.tags, set: (all) => galleries.setTags(name, all) };
  };

  const add = (call: AwsCall<ResourceInput & { readonly Tags: Tags }>): AwsOutput => {
    const resource = resourceOf(call);
    const tags = { ...resource.tags, ...call.input.Tags };
    checkTagCount(tags);
    resource.set(tags);
    return {};
  };

  const remove = (call: AwsCall<ResourceInput & { readonly TagKeys: readonly string[] }>): AwsOutput => {
    const { tags, set } = resourceOf(call);
    const { TagKeys: keys } = call.input;
    set(Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))));
    return {};
  };

  return {
    handlers: {
      TagResource: (call: Parameters<typeof add>[0]) => translating(() => add(call)),
      UntagResource: (call: Parameters<typeof remove>[0]) => translating(() => remove(call)),
      ListTagsForResource: (call: AwsCall<ResourceInput>) =>
        translating(() => ({ Tags: resourceOf(call).tags })),
    },
  };
}
