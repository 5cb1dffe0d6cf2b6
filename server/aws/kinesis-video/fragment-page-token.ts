import { createHash } from 'node:crypto';
import type { FragmentRange } from '../../playback/session/fragment-selection.ts';

/** Where a list of fragments goes on; times in whole ms. */
export interface FragmentPage extends FragmentRange {
  /** The first one that was not looked at. */
  readonly ordinal: number;
}

const VERSION = 1;
const CLOCKS = ['server', 'producer'] as const;
const BODY_BYTES = 26;
const CHECK_BYTES = 10;

/**
 * A page as a NextToken of the stream with this ARN: base64 of version, clock, range, ordinal and a check. It holds nothing
 * that the caller may not ask for directly; the check tells mistakes (another stream's token, a cut one) from pages.
 */
export function pageToken(page: FragmentPage, arn: string): string {
  const bytes = Buffer.alloc(BODY_BYTES);
  bytes[0] = VERSION;
  bytes[1] = CLOCKS.indexOf(page.clock);
  bytes.writeDoubleBE(page.fromMs, 2);
  bytes.writeDoubleBE(page.toMs, 10);
  bytes.writeDoubleBE(page.ordinal, 18);
  return Buffer.concat([bytes, checkOf(bytes, arn)]).toString('base64');
}

/** The page of a token; `undefined` for anything that `pageToken` did not make for this stream. */
export function readPageToken(token: string, arn: string): FragmentPage | undefined {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length !== BODY_BYTES + CHECK_BYTES || bytes[0] !== VERSION) return undefined;
  const body = bytes.subarray(0, BODY_BYTES);
  if (!checkOf(body, arn).equals(bytes.subarray(BODY_BYTES))) return undefined;
  const clock = CLOCKS[body[1] ?? CLOCKS.length];
  const page = {
    fromMs: body.readDoubleBE(2),
    toMs: body.readDoubleBE(10),
    ordinal: body.readDoubleBE(18),
  };
  const isSane = Object.values(page).every(Number.isSafeInteger) && page.ordinal >= 0;
  return clock === undefined || !isSane ? undefined : { clock, ...page };
}

function checkOf(body: Uint8Array, arn: string): Buffer {
  return createHash('sha256').update(body).update(arn).digest().subarray(0, CHECK_BYTES);
}
