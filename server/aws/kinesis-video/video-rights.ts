import type { Principal } from '../../access/access.ts';
import { AwsError } from '../aws-call.ts';
import { mayStream } from '../stream-rights.ts';
import type { DeniedCode, VideoWish } from './video-resources.ts';

/** A description is for whoever may view or publish. */
export function mayVideo(principal: Principal, wish: VideoWish, name: string): boolean {
  if (wish !== 'describe') return mayStream(principal, wish, name);
  return mayStream(principal, 'view', name) || mayStream(principal, 'publish', name);
}

/** Throws the AwsError `denied` unless the caller has the right. */
export function requireVideo(principal: Principal, wish: VideoWish, name: string, denied: DeniedCode): void {
  if (mayVideo(principal, wish, name)) return;
  throw new AwsError(denied, `The access key may not ${wish} ${name}.`);
}
