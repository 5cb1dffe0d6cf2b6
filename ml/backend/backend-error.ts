/**
 * `unavailable`: no engine on this machine that is fast enough; `bad-graph`: the model's graph or weights are not what they
 * should be; `unsupported-op`: the graph asks for an operation that is not allowed or not there; `too-large`; `failed`: it was run,
 * and could not be.
 */
export type BackendErrorCode = 'unavailable' | 'bad-graph' | 'unsupported-op' | 'too-large' | 'failed';

/** Why a model's graph cannot be loaded or run. */
export class BackendError extends Error {
  readonly code: BackendErrorCode;

  constructor(code: BackendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackendError';
    this.code = code;
  }
}
