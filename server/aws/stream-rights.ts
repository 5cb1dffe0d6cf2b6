import type { Principal } from '../access/access.ts';

/** What an operation wants of a stream, of video or of records. */
export type StreamWish = 'view' | 'publish' | 'admin';

const ALL_TIME = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY } as const;

/** Rights of keys as the AWS wire needs them; channels and data streams go by the rights for video streams of their name. */
export function mayStream(principal: Principal, wish: StreamWish, name: string): boolean {
  switch (wish) {
    case 'admin':
      return principal.may({ action: 'admin' });
    case 'publish':
      return principal.may({ action: 'publish', stream: name });
    case 'view':
      return (
        principal.may({ action: 'view', stream: name, of: 'live' }) &&
        principal.may({ action: 'view', stream: name, of: ALL_TIME })
      );
    default:
      return wish satisfies never;
  }
}
