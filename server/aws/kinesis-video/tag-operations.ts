import type { TaggedResource, Tags } from '../../catalog/tag-catalog.ts';
import type { AwsCall } from '../aws-call.ts';
import type { OperationTable } from '../operation-table.ts';
import type { ControlPlane } from './control-plane.ts';
import { readPageToken } from './page-token.ts';
import { parseVideoArn } from './resource-arn.ts';
import { translateError } from './translate-error.ts';
import type { StreamReference, VideoWish } from './video-resources.ts';

interface Page {
  /** Never given out: a resource's tags fit one page. */
  readonly NextToken?: string;
}

interface ResourceReference {
  readonly ResourceARN: string;
}

/** A tag as channels have it; streams use a map (kvs.md §1.2). */
export interface TagItem {
  readonly Key: string;
  readonly Value: string;
}

/** Tags of a list as a map; of a key that comes twice, the last counts. */
export function tagsOfList(items: readonly TagItem[]): Tags {
  return Object.fromEntries(items.map(({ Key, Value }) => [Key, Value]));
}

/** Tags in both forms: TagStream and its like by stream, TagResource and its like by the ARN of a stream or channel. */
export function tagOperations(plane: ControlPlane): OperationTable {
  const { tags } = plane.catalog;

  const streamOf = ({ input, principal }: AwsCall<StreamReference>, wish: VideoWish): TaggedResource => {
    return { kind: 'stream', name: plane.resources.find(input, wish, principal).name };
  };

  const resourceOf = ({ input, principal }: AwsCall<ResourceReference>, wish: VideoWish): TaggedResource => {
    const { ResourceARN: arn } = input;
    const denied = 'AccessDeniedException';
    if (parseVideoArn(arn, ['stream', 'channel'], plane.account).kind === 'stream') {
      return { kind: 'stream', name: plane.resources.find({ StreamARN: arn }, wish, principal, denied).name };
    }
    const { record } = plane.channels.find({ ChannelARN: arn }, wish, principal, denied);
    return { kind: 'channel', name: record.name };
  };

  const put = (resource: TaggedResource, added: Tags): Record<string, never> => {
    try {
      tags.put(resource, added);
    } catch (error) {
      throw translateError(error);
    }
    return {};
  };

  const remove = (resource: TaggedResource, keys: readonly string[]): Record<string, never> => {
    tags.remove(resource, keys);
    return {};
  };

  const list = (resource: TaggedResource, { NextToken }: Page): { Tags: Tags } => {
    readPageToken('Tags', NextToken);
    return { Tags: tags.list(resource) };
  };

  return {
    handlers: {
      TagStream: (call: AwsCall<StreamReference & { readonly Tags: Tags }>) =>
        put(streamOf(call, 'publish'), call.input.Tags),
      UntagStream: (call: AwsCall<StreamReference & { readonly TagKeyList: readonly string[] }>) =>
        remove(streamOf(call, 'admin'), call.input.TagKeyList),
      ListTagsForStream: (call: AwsCall<StreamReference & Page>) =>
        list(streamOf(call, 'describe'), call.input),
      TagResource: (call: AwsCall<ResourceReference & { readonly Tags: readonly TagItem[] }>) =>
        put(resourceOf(call, 'publish'), tagsOfList(call.input.Tags)),
      UntagResource: (call: AwsCall<ResourceReference & { readonly TagKeyList: readonly string[] }>) =>
        remove(resourceOf(call, 'admin'), call.input.TagKeyList),
      ListTagsForResource: (call: AwsCall<ResourceReference & Page>) =>
        list(resourceOf(call, 'describe'), call.input),
    },
  };
}
