import { timingSafeEqual } from 'node:crypto';
import { AwsError } from './aws-call.ts';
import type { SigningKeys } from './signing-keys.ts';
import { canonicalPaths, hasQueryToken, stringToSign } from './sigv4-canonical.ts';
import { formatBasicDate, type SignatureClaim } from './sigv4-claim.ts';
import { EMPTY_SHA256, hmacSha256 } from './sigv4-hash.ts';
import { headerValue, type ReceivedRequest } from './sigv4-request.ts';

/** How far the clocks of client and server may be apart. */
const MAX_SKEW_MS = 15 * 60_000;

/**
 * Holds the scope and the time of a claim against ours. Throws AwsError `InvalidSignatureException`; clients look for the
 * words `Signature expired` and `Signature not yet current`, and set their clock by the Date header (kvs.md §1.6).
 */
export function checkClaim(
  claim: SignatureClaim,
  scope: { readonly region: string; readonly service: string },
  nowMs: number,
): void {
  const signed = formatBasicDate(claim.signedMs);
  if (claim.dateStamp !== signed.slice(0, 8)) {
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${signed}'.`,
    );
  }
  if (claim.region !== scope.region) {
    throw invalid(`Credential should be scoped to a valid region: this server is '${scope.region}'.`);
  }
  if (claim.service !== scope.service) {
    throw invalid(`Credential should be scoped to correct service: '${scope.service}'.`);
  }
  if (!claim.signedHeaders.includes('host') && !claim.signedHeaders.includes(':authority')) {
    throw invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const now = formatBasicDate(nowMs);
  if (claim.signedMs > nowMs + MAX_SKEW_MS) {
    const limit = formatBasicDate(nowMs + MAX_SKEW_MS);
    throw invalid(`Signature not yet current: ${signed} is still later than ${limit} (${now} + 15 min.)`);
  }
  if (claim.lifetimeMs === undefined && claim.signedMs < nowMs - MAX_SKEW_MS) {
    const limit = formatBasicDate(nowMs - MAX_SKEW_MS);
    throw invalid(`Signature expired: ${signed} is now earlier than ${limit} (${now} - 15 min.)`);
  }
  if (claim.lifetimeMs !== undefined && claim.signedMs + claim.lifetimeMs < nowMs) {
    const end = formatBasicDate(claim.signedMs + claim.lifetimeMs);
    throw invalid(`Signature expired: it was good until ${end}, and now it is ${now}.`);
  }
}

/** What a client may sign in place of its body's hash (kvs.md §7). */
const LITERAL_HASHES = new Set(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD']);

/**
 * The payload hash that a request was signed with: the literal of `x-amz-content-sha256`, else the hash of its body, else
 * that of nothing. `bodySha256`: `undefined` for a body that is not read before (PutMedia). Throws AwsError
 * `InvalidSignatureException` when the literal is the hash of another body.
 */
export function payloadHashOf(request: ReceivedRequest, bodySha256: string | undefined): string {
  const literal = headerValue(request, 'x-amz-content-sha256');
  if (literal === undefined) return bodySha256 ?? EMPTY_SHA256;
  if (LITERAL_HASHES.has(literal)) return literal;
  if (
    !/^[0-9a-f]{64}$/i.test(literal) ||
    (bodySha256 !== undefined && literal.toLowerCase() !== bodySha256)
  ) {
    throw invalid('The x-amz-content-sha256 header is not the hash of the body.');
  }
  return literal;
}

/** Was the request signed with this secret? */
export function isSignedWith(
  secret: string,
  claim: SignatureClaim,
  request: ReceivedRequest,
  payloadHash: string,
  keys: SigningKeys,
): boolean {
  const key = keys.keyOf(secret, claim.dateStamp, claim.region, claim.service);
  const claimed = Buffer.from(claim.signature, 'hex');
  const withTokens = hasQueryToken(request.target) ? [true, false] : [true];
  return canonicalPaths(request.target).some((path) =>
    withTokens.some((withToken) => {
      const text = stringToSign(claim, request, { path, withToken, payloadHash });
      return timingSafeEqual(hmacSha256(key, text), claimed);
    }),
  );
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message, { status: 403 });
}
