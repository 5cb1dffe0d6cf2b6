import type { KeyCatalog, KeyRecord } from '../catalog/catalog.ts';
import type { PlaybackTokenScope, Principal, Wish } from './access.ts';
import { scopeAllows } from './playback-token.ts';
import { allows } from './rights.ts';
import type { Session } from './sessions.ts';

/** Anybody at all, in open mode. */
export const openPrincipal: Principal = { kind: 'open', id: 'open', may: () => true };

/** Somebody who knows the secret of a key. `keys`: to see later whether it was revoked. */
export function keyPrincipal(key: KeyRecord, keys: Pick<KeyCatalog, 'key'>): Principal {
  return {
    kind: 'key',
    id: key.id,
    ...endOf(key),
    may: (wish) => allows(key.rights, wish),
    isOver: (nowMs) => {
      const current = keys.key(key.id);
      return current === undefined || current.revokedMs !== null || (current.expiresMs ?? Infinity) <= nowMs;
    },
  };
}

/** A browser that logged in with a key. */
export function sessionPrincipal(session: Session, key: KeyRecord): Principal {
  const id = `${key.id}/${session.publicId}`;
  return { kind: 'session', id, ...endOf(key), may: (wish) => allows(key.rights, wish) };
}

/** A session may be prolonged by logging in again; the key's end cannot. */
function endOf({ expiresMs }: KeyRecord): Pick<Principal, 'expiresMs'> {
  return expiresMs === null ? {} : { expiresMs };
}

/** Whoever holds a shared link. */
export function tokenPrincipal(scope: PlaybackTokenScope): Principal {
  const { stream, expiresMs } = scope;
  return { kind: 'token', id: `token/${stream}`, expiresMs, may: (wish) => scopeAllows(scope, wish) };
}

/** A browser with a session that opens a shared link may do what either of them may. */
export function eitherPrincipal(one: Principal, other: Principal): Principal {
  return { kind: one.kind, id: one.id, may: (wish: Wish) => one.may(wish) || other.may(wish) };
}
