import {
  type ControlPlane,
  createStream,
  dataEndpoint,
  retentionHours,
  type StreamId,
} from './control-plane.ts';
import { PutMediaError } from './put-media-error.ts';
import type { PutMediaOptions } from './put-media-options.ts';
import { type Credentials, signedHeaders } from './sigv4.ts';

/** Where an upload goes, and as whom. */
export class Destination {
  readonly #options: PutMediaOptions;
  readonly #stream: StreamId;
  readonly #plane: ControlPlane;
  #endpoint: string | undefined;
  #freeOn: 'RECEIVED' | 'PERSISTED' | undefined;

  /** Throws TypeError unless the options name the stream either way. */
  constructor(options: PutMediaOptions, signal: AbortSignal) {
    const { streamName, streamArn, region, controlEndpoint, credentials } = options;
    if ((streamName === undefined) === (streamArn === undefined)) {
      throw new TypeError('putMedia needs a streamName or a streamArn');
    }
    this.#options = options;
    this.#stream = streamArn === undefined ? { StreamName: streamName ?? '' } : { StreamARN: streamArn };
    this.#plane = {
      endpoint: controlEndpoint ?? `https://kinesisvideo.${region}.amazonaws.com`,
      region,
      credentials:
        typeof credentials === 'function' ? credentials : async (): Promise<Credentials> => credentials,
      signal,
    };
  }

  /** Which acknowledgement frees a fragment. Throws PutMediaError. */
  async freeOn(): Promise<'RECEIVED' | 'PERSISTED'> {
    this.#freeOn ??= this.#options.freeOn ?? (await this.#askFreeOn());
    return this.#freeOn;
  }

  /** A signed PutMedia request, good for a few minutes. Throws PutMediaError. */
  async signedRequest(): Promise<{ readonly url: URL; readonly headers: Record<string, string> }> {
    this.#endpoint ??= this.#options.endpoint ?? (await dataEndpoint(this.#plane, this.#stream));
    const url = new URL(`${this.#endpoint.replace(/\/$/, '')}/putMedia`);
    const name =
      'StreamName' in this.#stream
        ? { 'x-amzn-stream-name': this.#stream.StreamName }
        : { 'x-amzn-stream-arn': this.#stream.StreamARN };
    const headers = {
      ...name,
      'x-amzn-fragment-timecode-type': 'ABSOLUTE',
      // The time is in the fragments; the service wants the header all the same.
      'x-amzn-producer-start-timestamp': (Date.now() / 1000).toFixed(3),
    };
    const { region } = this.#plane;
    const credentials = await this.#plane.credentials();
    const signed = signedHeaders(
      { method: 'POST', url, headers, body: undefined, region },
      credentials,
      Date.now(),
    );
    return {
      url,
      headers: { ...signed, 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
    };
  }

  /** The endpoint may be another one now. */
  forget(): void {
    this.#endpoint = undefined;
  }

  async #askFreeOn(): Promise<'RECEIVED' | 'PERSISTED'> {
    if (this.#options.endpoint !== undefined) return 'PERSISTED';
    return (await this.#retentionHours()) === 0 ? 'RECEIVED' : 'PERSISTED';
  }

  async #retentionHours(): Promise<number> {
    const { createStream: wanted, streamName } = this.#options;
    try {
      return await retentionHours(this.#plane, this.#stream);
    } catch (error) {
      const isMissing = error instanceof PutMediaError && error.code === 'ResourceNotFoundException';
      if (!isMissing || wanted === undefined || streamName === undefined) throw error;
      await createStream(this.#plane, streamName, wanted.retentionHours);
      return wanted.retentionHours;
    }
  }
}
