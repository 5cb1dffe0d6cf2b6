import { AwsError } from '../../../server/aws/aws-call.ts';
import { SigningKeys } from '../../../server/aws/signing-keys.ts';
import { readClaim } from '../../../server/aws/sigv4-claim.ts';
import type { ReceivedRequest } from '../../../server/aws/sigv4-request.ts';
import { checkClaim, isSignedWith, payloadHashOf } from '../../../server/aws/sigv4-verify.ts';
import { authorization, presignedQuery, sha256 } from '../../integration/aws/support/sign.ts';
import type { FuzzTarget } from '../fuzz-target.ts';

const NOW_MS = Date.UTC(2026, 1, 3, 4, 5, 6);
const keys = new SigningKeys();

const wish = {
  keyId: 'FLKEY',
  secret: 'secret',
  method: 'POST',
  canonicalPath: '/describeStream',
  headers: { host: 'localhost:8080', 'x-amz-date': '20260203T040506Z' },
  payloadHash: sha256(''),
  date: '20260203T040506Z',
  region: 'us-east-1',
  service: 'kinesisvideo',
};

/** A request as lines: its target, then headers. */
const lines = (...parts: readonly string[]) => Buffer.from(parts.join('\n'), 'latin1');

/** The signature of a request: its claim is read, checked, and verified against what was received. */
export const target: FuzzTarget = {
  name: 'aws-signature',
  seeds: () => [
    lines(
      '/describeStream',
      'host: localhost:8080',
      'x-amz-date: 20260203T040506Z',
      `authorization: ${authorization(wish)}`,
      'x-amz-content-sha256: UNSIGNED-PAYLOAD',
    ),
    lines(
      '/describeStream',
      'Host: localhost',
      'Date: Tue, 03 Feb 2026 04:05:06 GMT',
      `authorization: ${authorization(wish).replace('x-amz-date', 'date')}`,
    ),
    lines(
      `/?${presignedQuery(wish, 299, { 'X-Amz-ChannelARN': 'arn:aws:a/b c', 'X-Amz-Security-Token': 'a%zz' })}`,
      'host: localhost:8080',
    ),
  ],
  isTyped: (error) => error instanceof AwsError,
  run(input) {
    const [requestTarget = '', ...headers] = Buffer.from(input).toString('latin1').split('\n');
    const rawHeaders = headers.flatMap((line) => {
      const colon = line.indexOf(':', 1);
      return [line.slice(0, colon), line.slice(colon + 1)];
    });
    const request: ReceivedRequest = { method: 'POST', target: requestTarget, rawHeaders };
    const claim = readClaim(request);
    if (claim === undefined) return;
    isSignedWith('secret', claim, request, payloadHashOf(request, sha256('')), keys);
    checkClaim(claim, { region: 'us-east-1', service: 'kinesisvideo' }, NOW_MS);
  },
};
