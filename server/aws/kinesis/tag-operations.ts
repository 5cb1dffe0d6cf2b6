import type { Principal } from '../../access/access.ts';
import { type AwsCall, AwsError, type AwsOutput } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import type { StreamWish } from '../stream-rights.ts';
import { DataResources, type StreamReference } from './data-resources.ts';
import type { KinesisParts } from './kinesis-parts.ts';
import { parseArn } from './stream-arn.ts';
import { checkTags } from './tag-rules.ts';
import { translating } from './translate-error.ts';

type Tags = Readonly<Record<string, string>>;

/** A stream or consumer, with what can be attached to it. */
interface Resource {
  /** What it is called in messages. */
  readonly title: string;
  readonly tags: Tags;
  readonly policy: string | undefined;
  readonly change: (change: { readonly tags?: Tags; readonly policy?: string | undefined }) => unknown;
}

const DEFAULT_LISTED_TAGS = 50;
/** What GetResourcePolicy answers where none was put. */
const NO_POLICY = '{}';

/** Tags and policies, of streams by name and of streams and consumers by ARN. */
export function tagOperations({ records, account }: KinesisParts): OperationTable {
  const resources = new DataResources(records, account);

  const streamResource = (reference: StreamReference, wish: StreamWish, principal: Principal): Resource => {
    const stream = resources.find(reference, wish, principal);
    return {
      ...stream,
      title: `stream ${stream.name} under account ${account.accountId}`,
      change: (change) => records.change(stream.name, change),
    };
  };

  const resourceOf = (arn: string, wish: StreamWish, principal: Principal): Resource => {
    if (parseArn(account, arn).consumer === undefined)
      return streamResource({ StreamARN: arn }, wish, principal);
    const consumer = resources.consumer({ ConsumerARN: arn }, wish, principal);
    return {
      ...consumer,
      title: `consumer ${consumer.name} under account ${account.accountId}`,
      change: (change) => records.changeConsumer(consumer.stream, consumer.name, change),
    };
  };

  const add = async (resource: Resource, added: Tags): Promise<AwsOutput> => {
    checkTags(added, resource.tags, resource.title);
    const tags = { ...resource.tags, ...added };
    await translating(() => resource.change({ tags }));
    return {};
  };

  const remove = async (resource: Resource, keys: readonly string[]): Promise<AwsOutput> => {
    const tags = Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !keys.includes(key)));
    await translating(() => resource.change({ tags }));
    return {};
  };

  const listOfStream = ({
    input,
    principal,
  }: AwsCall<
    StreamReference & { readonly ExclusiveStartTagKey?: string; readonly Limit?: number }
  >): AwsOutput => {
    const { ExclusiveStartTagKey: after = '' } = input;
    const all = tagList(streamResource(input, 'view', principal)).filter(({ Key }) => Key > after);
    const page = all.slice(0, input.Limit ?? DEFAULT_LISTED_TAGS);
    return { Tags: page, HasMoreTags: page.length < all.length };
  };

  const putPolicy = async ({
    input,
    principal,
  }: AwsCall<{ readonly ResourceARN: string; readonly Policy: string }>): Promise<AwsOutput> => {
    const resource = resourceOf(input.ResourceARN, 'admin', principal);
    if (!isJsonObject(input.Policy)) {
      throw new AwsError('InvalidArgumentException', 'The Policy is not a JSON object.');
    }
    await translating(() => resource.change({ policy: input.Policy }));
    return {};
  };

  return {
    handlers: {
      AddTagsToStream: ({ input, principal }: AwsCall<StreamReference & { readonly Tags: Tags }>) =>
        add(streamResource(input, 'admin', principal), input.Tags),
      RemoveTagsFromStream: ({
        input,
        principal,
      }: AwsCall<StreamReference & { readonly TagKeys: readonly string[] }>) =>
        remove(streamResource(input, 'admin', principal), input.TagKeys),
      ListTagsForStream: listOfStream,
      TagResource: ({ input, principal }: AwsCall<{ readonly ResourceARN: string; readonly Tags: Tags }>) =>
        add(resourceOf(input.ResourceARN, 'admin', principal), input.Tags),
      UntagResource: ({
        input,
        principal,
      }: AwsCall<{ readonly ResourceARN: string; readonly TagKeys: readonly string[] }>) =>
        remove(resourceOf(input.ResourceARN, 'admin', principal), input.TagKeys),
      ListTagsForResource: ({ input, principal }: AwsCall<{ readonly ResourceARN: string }>): AwsOutput => ({
        Tags: tagList(resourceOf(input.ResourceARN, 'view', principal)),
      }),
      PutResourcePolicy: putPolicy,
      GetResourcePolicy: ({ input, principal }: AwsCall<{ readonly ResourceARN: string }>): AwsOutput => ({
        Policy: resourceOf(input.ResourceARN, 'admin', principal).policy ?? NO_POLICY,
      }),
      DeleteResourcePolicy: async ({
        input,
        principal,
      }: AwsCall<{ readonly ResourceARN: string }>): Promise<AwsOutput> => {
        const resource = resourceOf(input.ResourceARN, 'admin', principal);
        await translating(() => resource.change({ policy: undefined }));
        return {};
      },
    },
  };
}

/** In the order of their keys. */
function tagList({ tags }: Resource): { readonly Key: string; readonly Value: string }[] {
  return Object.keys(tags)
    .sort()
    .map((Key) => ({ Key, Value: tags[Key] ?? '' }));
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
