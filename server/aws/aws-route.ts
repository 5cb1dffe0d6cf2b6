import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ClaimingRoute } from '../http/media-route.ts';
import type { AwsAuthenticator, PendingSignature } from './aws-authenticator.ts';
import { type AwsCall, AwsError, type AwsService } from './aws-call.ts';
import type { AwsObserver } from './aws-observer.ts';
import {
  clientGone,
  internalFailure,
  sendAwsError,
  sendOutput,
  sendPreflight,
  sendUnknownOperation,
  setCommonHeaders,
} from './aws-reply.ts';
import { AwsRouter, type RoutedOperation } from './aws-router.ts';
import { checkConstraints } from './constraints.ts';
import { readHeaderMembers } from './header-members.ts';
import type { AwsInput } from './input-reader.ts';
import type { Operation } from './model.ts';
import type { AwsProtocol } from './protocols/protocol.ts';
import { selectProtocol } from './protocols/select-protocol.ts';
import { type BodyBudget, ClientGone, withBody } from './request-body.ts';
import { sha256Hex } from './sigv4-hash.ts';
import {
  checkUnsignedBody,
  isTargeted,
  refuseTargeted,
  requireBody,
  setTargetedHeaders,
} from './targeted-request.ts';

export interface AwsRouteOptions {
  readonly services: readonly AwsService[];
  readonly authenticator: AwsAuthenticator;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly now: () => number;
  readonly observe?: AwsObserver;
  /** What request bodies may take in memory, of all connections together. */
  readonly bodies: BodyBudget;
}

/** The AWS wire on the HTTP port. */
export interface AwsRoute extends ClaimingRoute {
  readonly router: AwsRouter;
}

/**
 * Answers every request of an AWS client: finds the operation, verifies the signature, reads the input by the model, calls
 * the service's handler and writes what it answers. Errors are the model's; what fails inside is logged and told as
 * `InternalFailure`.
 */
export function createAwsRoute(options: AwsRouteOptions): AwsRoute {
  const router = new AwsRouter(options.services);
  return {
    router,
    claims: (request) => router.claims(request),
    mayStreamBody: (request) => router.find(request)?.operation.streamsInput === true,
    async handle(request, response) {
      const requestId = randomUUID();
      setCommonHeaders(response, requestId, request.headers.origin);
      if (request.method === 'OPTIONS') {
        sendPreflight(response, request);
        return;
      }
      if (isTargeted(request)) setTargetedHeaders(response);
      await answer(options, router.find(request), requestId, request, response);
    },
  };
}

async function answer(
  frame: AwsRouteOptions,
  routed: RoutedOperation | undefined,
  requestId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startMs = frame.now();
  const service = routed?.operation.model.name ?? 'unknown';
  const operation = routed?.operation.name ?? 'unknown';
  const logger = frame.logger.child({ requestId, operation });
  const protocol =
    routed === undefined
      ? undefined
      : selectProtocol(routed.operation.model, request.headers['content-type']);
  const signal = abortSignalOf(response);
  let errorCode: string | undefined;
  let status = 200;
  try {
    if (routed === undefined || protocol === undefined) {
      ({ code: errorCode, status } = await refuse(frame, routed !== undefined, request, response));
    } else {
      await call(frame, { routed, protocol, requestId, logger, startMs, signal }, request, response);
    }
  } catch (error) {
    const told = toldOf(error, routed?.operation, signal);
    if (told.status === 500) logger.error({ err: error }, 'AWS operation failed');
    errorCode = told.code;
    status = sendAwsError(response, told, routed?.operation, protocol);
  }
  const durationMs = frame.now() - startMs;
  const isStream = routed?.streamHandler !== undefined;
  frame.observe?.({ service, operation, errorCode, status, durationMs, isStream });
  logger.debug({ status, errorCode, durationMs }, 'AWS call');
}

/** Nobody's operation, or no form that the service reads; answers error and status. */
async function refuse(
  { bodies }: AwsRouteOptions,
  isKnown: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ readonly code: string; readonly status: number }> {
  if (isTargeted(request)) return refuseTargeted(request, response, isKnown, bodies);
  return { code: 'UnknownOperationException', status: sendUnknownOperation(response) };
}

interface Exchange {
  readonly routed: RoutedOperation;
  readonly protocol: AwsProtocol;
  readonly requestId: string;
  readonly logger: Logger;
  readonly startMs: number;
  readonly signal: AbortSignal;
}

async function call(
  frame: AwsRouteOptions,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { operation, handler, streamHandler } = exchange.routed;
  const signature = await beginSignature(frame, exchange, request);
  const callOf = (bodySha256: string | undefined, readBody: () => AwsInput): AwsCall<never> => {
    const principal = signature.verify(bodySha256);
    const input = { ...readBody(), ...readHeaderMembers(operation.input, request.headers) };
    checkConstraints(operation, input);
    const { requestId, logger, startMs: nowMs, signal } = exchange;
    return { operation: operation.name, input: input as never, principal, requestId, nowMs, signal, logger };
  };

  if (operation.streamsInput) {
    await streamHandler?.(
      callOf(undefined, () => ({})),
      request,
      response,
    );
    return;
  }
  const { protocol } = exchange;
  const whole = await withBody(request, protocol.maxBodyBytes, frame.bodies, (body) => {
    if (operation.model.targetPrefix !== undefined) requireBody(body);
    return callOf(sha256Hex(body), () => protocol.readInput(operation, body));
  });
  if (streamHandler !== undefined) await streamHandler(whole, request, response);
  else if (handler !== undefined) sendOutput(response, protocol, operation, await handler(whole));
}

/** Throws AwsError as `AwsAuthenticator.begin`; where a header names the operation, the body is looked at first. */
async function beginSignature(
  frame: AwsRouteOptions,
  { routed, protocol, startMs }: Exchange,
  request: IncomingMessage,
): Promise<PendingSignature> {
  const { signingName, targetPrefix } = routed.operation.model;
  try {
    return frame.authenticator.begin(request, {
      service: signingName,
      nowMs: startMs,
      mustSign: targetPrefix === undefined ? [] : ['x-amz-target'],
    });
  } catch (error) {
    if (targetPrefix !== undefined) await checkUnsignedBody(request, protocol, frame.bodies);
    throw error;
  }
}

/**
 * What a client is told of an error. One that hung up is told nothing any more: neither that, nor that a handler has stopped
 * for it, is a failure of ours.
 */
function toldOf(error: unknown, operation: Operation | undefined, signal: AbortSignal): AwsError {
  if (error instanceof AwsError) return error;
  const isAbort = error instanceof Error && error.name === 'AbortError';
  if (error instanceof ClientGone || (signal.aborted && isAbort)) return clientGone();
  return internalFailure(operation);
}

function abortSignalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    // A stream of HTTP/2 that its client has reset calls itself finished.
    if (!response.writableEnded || !response.writableFinished) controller.abort(new ClientGone());
  });
  return controller.signal;
}
