import { isLoopbackHost } from './loopback.ts';

/**
 * A server is never reachable from other machines without access control (design.md §6): in open mode every host must be a
 * loopback one; with access control on, any host is fine. Answers what is wrong and what to do, or `undefined`.
 */
export function findBindProblem(open: boolean, hosts: readonly string[]): string | undefined {
  const wide = hosts.find((host) => !isLoopbackHost(host));
  if (!open || wide === undefined) return undefined;
  return (
    `open mode lets everybody publish, view and delete, so it listens on loopback only, not on ${wide}: ` +
    'leave out --open (access.open), or bind to 127.0.0.1'
  );
}
