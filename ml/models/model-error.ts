/**
 * `not-found`; `bad-name`; `bad-manifest`, `bad-graph`, `too-large`: what is wrong with its files; `changed`: they are not what they
 * were when the model was added; `unsupported`: this engine cannot run it; `failed`, `timeout`: it was tried, and did not work in
 * time; `exists`: there is one of this name.
 */
export type ModelErrorCode =
  | 'not-found'
  | 'bad-name'
  | 'bad-manifest'
  | 'bad-graph'
  | 'too-large'
  | 'changed'
  | 'unsupported'
  | 'failed'
  | 'timeout'
  | 'exists';

/** Why a model cannot be used. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}
