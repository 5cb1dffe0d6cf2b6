import { AccessError } from './access-error.ts';
import { isLoopbackHost } from './loopback.ts';

/**
 * Refuses to be reachable from other machines without access control (design.md §6): in open mode every host must be a
 * loopback one. With access control on, any host is fine. Throws AccessError `bind-refused`.
 */
export function assertBindAllowed(open: boolean, hosts: readonly string[]): void {
  const wide = hosts.find((host) => !isLoopbackHost(host));
  if (!open || wide === undefined) return;
  throw new AccessError(
    'bind-refused',
    `open mode lets everybody publish, view and delete, so it listens on loopback only, not on ${wide || 'all addresses'}: ` +
      'leave out --open, or bind to 127.0.0.1',
  );
}
