/** One parser under fuzzing: how to feed it and which errors it may throw. */
export interface FuzzTarget {
  readonly name: string;
  /** Well-formed inputs to start the mutations from. */
  seeds(): Uint8Array[];
  /** Feeds one input through the parser; throws only typed errors for bad input. */
  run(input: Uint8Array): void;
  /** Is this one of the parser's own error types? */
  isTyped(error: unknown): boolean;
}
