import type { MatroskaTag } from '../../../fragments/matroska/matroska-event.ts';
import type { FragmentInfo } from '../../../fragments/stream/fragment.ts';

/** Why a fragment cannot be given: "4000 requested fragment not found", "5000 internal error" (kvs.md §3.3). */
export type FragmentFailure = 'not-found' | 'internal';

/** What the service says of each fragment in the media itself. */
export interface ServiceTags {
  /** In front of the cluster. */
  before(info: FragmentInfo): MatroskaTag[];
  /** Behind it. `behindMs`: what the fragment's server time is before now. */
  behind(info: FragmentInfo, behindMs: number): MatroskaTag[];
  /** Instead of times and media. */
  failure(number: string, failure: FragmentFailure): MatroskaTag[];
}

/** GetMedia (kvs.md §3.2, §3.3). */
export const MEDIA_TAGS: ServiceTags = {
  before: (info) => [
    tag('FRAGMENT_NUMBER', info.number),
    tag('SERVER_TIMESTAMP', seconds(info.serverMs)),
    tag('PRODUCER_TIMESTAMP', seconds(info.producerMs)),
  ],
  // the token is "the fragment number itself"
  behind: (info, behindMs) => [
    tag('MILLIS_BEHIND_NOW', String(Math.max(0, Math.round(behindMs)))),
    tag('CONTINUATION_TOKEN', info.number),
  ],
  failure: (number, failure) => {
    const { code, id } = FAILURES[failure];
    return [tag('FRAGMENT_NUMBER', number), tag('ERROR_CODE', code), tag('ERROR_ID', String(id))];
  },
};

/**
 * GetMediaForFragmentList (kvs.md §4.2). Consumers read both operations with the same code (§3.4), so the names of GetMedia
 * are there too; nothing is documented to stand behind the cluster.
 */
export const ARCHIVED_TAGS: ServiceTags = {
  before: (info) => [
    ...MEDIA_TAGS.before(info),
    tag('SERVER_SIDE_TIMESTAMP', seconds(info.serverMs)),
    tag('PRODUCER_SIDE_TIMESTAMP', seconds(info.producerMs)),
  ],
  behind: () => [],
  failure: (number, failure) => {
    const { code, message } = FAILURES[failure];
    return [
      ...MEDIA_TAGS.failure(number, failure),
      tag('EXCEPTION_ERROR_CODE', code),
      tag('EXCEPTION_MESSAGE', message),
    ];
  },
};

const FAILURES = {
  'not-found': { code: 'FRAGMENT_NOT_FOUND', id: 4000, message: 'The fragment is not stored any more.' },
  internal: { code: 'INTERNAL_ERROR', id: 5000, message: 'The fragment cannot be read.' },
} as const;

function tag(name: string, value: string): MatroskaTag {
  return { name: `AWS_KINESISVIDEO_${name}`, value };
}

/** "seconds, 3 decimals" */
function seconds(epochMs: number): string {
  return (Math.round(epochMs) / 1000).toFixed(3);
}
