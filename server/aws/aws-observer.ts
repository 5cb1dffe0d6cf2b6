/** One answered call, as told to whoever measures. */
export interface AwsObservation {
  /** Name of the model; `unknown` with an operation nobody has. */
  readonly service: string;
  readonly operation: string;
  /** Name of the error, `ClientGone` when the client hung up before it was answered; `undefined`: it went well. */
  readonly errorCode: string | undefined;
  readonly status: number;
  /** From the end of the request's headers to the answer; for streams, to their end. */
  readonly durationMs: number;
  /** The request or the answer is a stream: it lasts as long as somebody wants it to. */
  readonly isStream: boolean;
}

/** Told of every call; must not throw. */
export type AwsObserver = (observation: AwsObservation) => void;
