import type { Signers } from '../../../server/access/access.ts';
import { AdobeAuth } from '../../../server/ingest/rtmp/adobe-auth.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const signers: Signers = {
  openPrincipal: undefined,
  signer: () => ({ ok: true, secret: 'secret', principal: { kind: 'key', id: 'k', may: () => true } }),
  signatureFailed: () => undefined,
};
const auth = new AdobeAuth(signers);

/** The application part of `connect`, where encoders answer a challenge: never throws, and lets nobody in who does not know the secret. */
export const target: FuzzTarget = {
  name: 'rtmp-adobe-auth',
  seeds: () => {
    const verdict = auth.judge('auth?authmod=adobe&user=u', 'a', 1_000);
    const opaque = verdict.type === 'challenged' ? (/opaque=(.*)$/.exec(verdict.description)?.[1] ?? '') : '';
    return [
      'auth',
      'auth?authmod=adobe&user=u',
      `auth?authmod=adobe&user=u&challenge=1&response=AA==&opaque=${opaque}`,
    ].map((text) => Buffer.from(text));
  },
  run(input) {
    const verdict = auth.judge(Buffer.from(input).toString('latin1'), 'a', 2_000);
    if (verdict.type === 'accepted') throw new Error('let in who does not know the secret');
  },
  isTyped: () => false,
};
