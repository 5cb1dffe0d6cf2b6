import type { IncomingMessage } from 'node:http';
import type { Principal, Signers } from '../access/access.ts';
import { AwsError } from './aws-call.ts';
import { refuseForeignPage } from './foreign-page.ts';
import { SigningKeys } from './signing-keys.ts';
import { readClaim } from './sigv4-claim.ts';
import type { ReceivedRequest } from './sigv4-request.ts';
import { checkClaim, invalid, isSignedWith, payloadHashOf } from './sigv4-verify.ts';

/** Around a request that may be signed. */
export interface SigningContext {
  /** The service's name in the scope: `kinesisvideo`. */
  readonly service: string;
  /** Epoch ms. */
  readonly nowMs: number;
  /** Headers that decide what the request does, and must be signed when they are there. */
  readonly mustSign?: readonly string[];
}

/** A signature of which all was checked that can be without the body. */
export interface PendingSignature {
  /**
   * Verifies it. `bodySha256`: of the whole body in hex; `undefined` for a body without an end, of which the signer
   * did not know more than we. Throws AwsError `InvalidSignatureException`.
   */
  verify(bodySha256: string | undefined): Principal;
}

/** Tells who signed a request (kvs.md §7). In open mode everybody is welcome, whatever the signature says. */
export class AwsAuthenticator {
  readonly #signers: Signers;
  readonly #region: string;
  readonly #keys = new SigningKeys();

  constructor(signers: Signers, region: string) {
    this.#signers = signers;
    this.#region = region;
  }

  /** The same for a request without a body: a WebSocket's handshake. Throws as `begin` and `verify` do. */
  authenticateUpgrade(message: IncomingMessage, context: SigningContext): Principal {
    return this.begin(message, context).verify(undefined);
  }

  /**
   * Reads the signature, so that strangers are sent away before their body is read. Throws AwsError
   * `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`,
   * `UnrecognizedClientException`, `ExpiredTokenException` `ThrottlingException`, and
   * in open mode `AccessDeniedException` for what a foreign page sends.
   */
  begin(message: IncomingMessage, context: SigningContext): PendingSignature {
    const { nowMs } = context;
    const open = this.#signers.openPrincipal;
    if (open !== undefined) {
      refuseForeignPage(message);
      return { verify: () => open };
    }
    const { method = '', url = '/', rawHeaders, socket } = message;
    const request: ReceivedRequest = { method, target: url, rawHeaders };
    const remoteAddress = socket.remoteAddress ?? '';
    const claim = readClaim(request);
    const signer = this.#signers.signer(claim?.keyId, remoteAddress, nowMs);
    if (claim === undefined || !signer.ok) throw refusalOf(signer.ok ? 'no-credentials' : signer.reason);
    checkClaim(claim, { region: this.#region, service: context.service }, nowMs);
    const unsigned = context.mustSign?.find((name) => !claim.signedHeaders.includes(name));
    if (unsigned !== undefined)
      throw invalid(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
    return {
      verify: (bodySha256) => {
        const payloadHash = payloadHashOf(request, bodySha256);
        if (isSignedWith(signer.secret, claim, request, payloadHash, this.#keys)) return signer.principal;
        this.#signers.signatureFailed(claim.keyId, claim.signature, remoteAddress, nowMs);
        throw invalid(
          'The request signature we calculated does not match the signature you provided. ' +
            'Check your AWS Secret Access Key and signing method.',
        );
      },
    };
  }
}

function refusalOf(reason: 'no-credentials' | 'invalid' | 'expired' | 'rate-limited'): AwsError {
  switch (reason) {
    case 'no-credentials':
      return new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token', {
        status: 403,
      });
    case 'invalid':
      return new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
        {
          status: 403,
        },
      );
    case 'expired':
      return new AwsError('ExpiredTokenException', 'The security token included in the request is expired.', {
        status: 403,
      });
    case 'rate-limited':
      return new AwsError('ThrottlingException', 'Too many wrong signatures came from this address.', {
        status: 400,
      });
  }
}
