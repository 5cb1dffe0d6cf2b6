import { isIPv4 } from 'node:net';

/** Can only this machine reach a server bound to `host`? Names other than `localhost` count as reachable: DNS may say anything. */
export function isLoopbackHost(host: string): boolean {
  const address = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:/, '');
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** The host of a `Host` header without its port; keeps the brackets of IPv6. */
export function hostOfHeader(header: string): string {
  return header.replace(/:\d*$/, '');
}
