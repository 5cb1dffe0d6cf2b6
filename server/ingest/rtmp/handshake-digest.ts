import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The digest ("complex") form of the RTMP handshake, as Flash Player 9 and Flash Media Server 3 introduced it: C1 and
 * S1 carry an HMAC-SHA256 of themselves, C2 and S2 one over the peer's digest. Not in Adobe's 2012 specification; the
 * layout is what librtmp, ffmpeg and nginx-rtmp agree on.
 */

/** Bytes of C1, S1, C2 and S2 each. */
export const HANDSHAKE_BYTES = 1536;
const DIGEST_BYTES = 32;

/** Scheme 0: digest block after time and version. Scheme 1: key block first, digest block after it. */
export type DigestScheme = 0 | 1;

const SECRET_TAIL = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const PLAYER_WORDS = Buffer.from('Genuine Adobe Flash Player 001');
const SERVER_WORDS = Buffer.from('Genuine Adobe Flash Media Server 001');

/** The keys of one side: the words alone sign its own packet, words and tail answer the peer's. */
interface SideKeys {
  readonly own: Buffer;
  readonly answer: Buffer;
}
export const CLIENT_KEYS: SideKeys = {
  own: PLAYER_WORDS,
  answer: Buffer.concat([PLAYER_WORDS, SECRET_TAIL]),
};
export const SERVER_KEYS: SideKeys = {
  own: SERVER_WORDS,
  answer: Buffer.concat([SERVER_WORDS, SECRET_TAIL]),
};

/** Where the digest lies: four bytes are summed to an offset inside their 764-byte block. */
function digestOffset(packet: Buffer, scheme: DigestScheme): number {
  const block = scheme === 0 ? 8 : 8 + 764;
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += packet.readUInt8(block + i);
  return block + 4 + (sum % 728);
}

/** The HMAC over the packet without its digest. */
function packetDigest(packet: Buffer, offset: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(packet.subarray(0, offset))
    .update(packet.subarray(offset + DIGEST_BYTES))
    .digest();
}

/** Writes the digest into one's own C1 or S1. */
export function signPacket(packet: Buffer, scheme: DigestScheme, keys: SideKeys): void {
  const offset = digestOffset(packet, scheme);
  packetDigest(packet, offset, keys.own).copy(packet, offset);
}

/** The scheme under which the peer's C1 or S1 carries a right digest, and that digest; `undefined`: the simple form. */
export function findDigest(
  packet: Buffer,
  keys: SideKeys,
): { readonly scheme: DigestScheme; readonly digest: Buffer } | undefined {
  for (const scheme of [0, 1] as const) {
    const offset = digestOffset(packet, scheme);
    const digest = packet.subarray(offset, offset + DIGEST_BYTES);
    if (timingSafeEqual(digest, packetDigest(packet, offset, keys.own))) return { scheme, digest };
  }
  return undefined;
}

/** Signs the last 32 bytes of one's C2 or S2 in answer to the peer's digest. */
export function signAnswer(answer: Buffer, peerDigest: Buffer, keys: SideKeys): void {
  answerDigest(answer, peerDigest, keys).copy(answer, HANDSHAKE_BYTES - DIGEST_BYTES);
}

/** Does the peer's C2 or S2 answer our digest? */
export function isAnswerTo(answer: Buffer, ownDigest: Buffer, keys: SideKeys): boolean {
  return timingSafeEqual(
    answer.subarray(HANDSHAKE_BYTES - DIGEST_BYTES),
    answerDigest(answer, ownDigest, keys),
  );
}

function answerDigest(answer: Buffer, peerDigest: Buffer, keys: SideKeys): Buffer {
  const key = createHmac('sha256', keys.answer).update(peerDigest).digest();
  return createHmac('sha256', key)
    .update(answer.subarray(0, HANDSHAKE_BYTES - DIGEST_BYTES))
    .digest();
}
