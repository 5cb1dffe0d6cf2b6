import type { Principal } from '../../access/access.ts';
import { AwsError } from '../aws-call.ts';
import type { DeniedCode, VideoWish } from './video-resources.ts';

const ALL_TIME = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY } as const;

/** Rights of keys as the AWS wire needs them; channels go by the rights for streams of their name. */
export function mayVideo(principal: Principal, wish: VideoWish, name: string): boolean {
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
    case 'describe':
      return mayVideo(principal, 'view', name) || mayVideo(principal, 'publish', name);
    default:
      return wish satisfies never;
  }
}

/** Throws the AwsError `denied` unless the caller has the right. */
export function requireVideo(principal: Principal, wish: VideoWish, name: string, denied: DeniedCode): void {
  if (mayVideo(principal, wish, name)) return;
  throw new AwsError(denied, `The access key may not ${wish} ${name}.`);
}
