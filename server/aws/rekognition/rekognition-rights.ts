import type { Principal } from '../../access/access.ts';
import type { StreamService } from '../../streams/stream-service.ts';
import { AwsError } from '../aws-call.ts';
import { mayStream } from '../stream-rights.ts';

/** Faces of people, and who watches what: for admins. Throws AwsError `AccessDeniedException`. */
export function requireAdmin(principal: Principal): void {
  if (mayStream(principal, 'admin', '*')) return;
  throw new AwsError('AccessDeniedException', 'The access key may not do this: it takes one of an admin.');
}

/** To have a picture looked at: whoever may view any of the streams. Throws AwsError `AccessDeniedException`. */
export function requireViewer(principal: Principal, streams: Pick<StreamService, 'list'>): void {
  if (mayStream(principal, 'admin', '*') || mayStream(principal, 'view', '*')) return;
  if (streams.list().some(({ name }) => mayStream(principal, 'view', name))) return;
  throw new AwsError('AccessDeniedException', 'The access key may not view any stream.');
}
