import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Principal } from '../access/access.ts';

/**
 * The AWS wire as its services see it: a request that was signed, routed, parsed and validated by the model. One folder a
 * service beside this file; protocols, signatures and validation are the frame's work.
 */

/** Account facts that stand in every ARN. */
export interface AwsAccount {
  /** `us-east-1` unless set. */
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  /** Where clients reach this server, without a slash at the end: never derived from a request's Host (kvs.md §1.3). */
  readonly endpoint: () => string;
}

/** One call of one operation. */
export interface AwsCall<Input> {
  readonly operation: string;
  /** Checked against the model: required members are there, limits hold, timestamps are epoch ms (fractional), blobs are Uint8Array. */
  readonly input: Input;
  readonly principal: Principal;
  readonly requestId: string;
  readonly nowMs: number;
  /** Aborts when the client hangs up. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** A reply that the protocol writes: JSON (or CBOR) by the model's output shape; timestamps as epoch ms. */
export type AwsOutput = Readonly<Record<string, unknown>>;

/** An ordinary operation. Throws AwsError for what the model calls an error. */
export type AwsHandler<Input = never> = (call: AwsCall<Input>) => AwsOutput | Promise<AwsOutput>;

/** An operation with an endless or large body: takes over the response after the frame has put the common headers on it. */
export type AwsStreamHandler<Input = never> = (
  call: AwsCall<Input>,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/** What a service folder exports to the frame. Every operation of its model is in one of the two tables. */
export interface AwsService {
  /** File name of the model: `kinesisvideo`, `kinesis-video-media`... */
  readonly model: string;
  readonly handlers: Readonly<Record<string, AwsHandler>>;
  readonly streamHandlers?: Readonly<Record<string, AwsStreamHandler>>;
}

/** An error of the model, by its name with the suffix (`ResourceNotFoundException`); the model has its status. */
export class AwsError extends Error {
  readonly code: string;
  /** Only where the model does not know the code. */
  readonly status: number | undefined;
  /** Members beside the message. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { readonly status?: number; readonly members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = options.status;
    this.members = options.members ?? {};
  }
}
