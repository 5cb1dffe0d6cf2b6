import type { KeyRecord } from '../catalog/catalog.ts';
import type { PlaybackTokenScope, Principal, Wish } from './access.ts';
import { scopeAllows } from './playback-token.ts';
import { allows } from './rights.ts';
import type { Session } from './sessions.ts';

/** Anybody at all, in open mode. */
export const openPrincipal: Principal = { kind: 'open', id: 'open', may: () => true };

/** Somebody who knows the secret of a key. */
export function keyPrincipal(key: KeyRecord): Principal {
  return { kind: 'key', id: key.id, may: (wish) => allows(key.rights, wish) };
}

/** A browser that logged in with a key. */
export function sessionPrincipal(session: Session, key: KeyRecord): Principal {
  return { kind: 'session', id: `${key.id}/${session.publicId}`, may: (wish) => allows(key.rights, wish) };
}

/** Whoever holds a shared link. */
export function tokenPrincipal(scope: PlaybackTokenScope): Principal {
  return { kind: 'token', id: `token/${scope.stream}`, may: (wish) => scopeAllows(scope, wish) };
}

/** A browser with a session that opens a shared link may do what either of them may. */
export function eitherPrincipal(one: Principal, other: Principal): Principal {
  return { kind: one.kind, id: one.id, may: (wish: Wish) => one.may(wish) || other.may(wish) };
}
