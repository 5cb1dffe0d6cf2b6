import { signPlaybackToken, verifyPlaybackToken } from '../../../server/access/playback-token.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const secret = Buffer.alloc(32, 7);
const scopes = [
  { stream: 'cam', live: true, range: null, expiresMs: 2_000 },
  {
    stream: 'a.b-c_d',
    live: false,
    range: { fromMs: 1000, toMs: Number.POSITIVE_INFINITY },
    expiresMs: 2_000,
  },
];

/** Playback tokens: never throws, and takes none that was not signed. */
export const target: FuzzTarget = {
  name: 'playback-token',
  seeds: () => scopes.map((scope) => Buffer.from(signPlaybackToken(secret, scope))),
  run(input) {
    const verdict = verifyPlaybackToken(secret, Buffer.from(input).toString('latin1'), 1_000);
    if (!verdict.ok) return;
    const isOurs = scopes.some(
      ({ stream, live }) => stream === verdict.scope.stream && live === verdict.scope.live,
    );
    if (!isOurs) throw new Error(`took a forged token for ${verdict.scope.stream}`);
  },
  isTyped: () => false,
};
