/** Why something was refused that has to do with consumer groups. */
export type GroupErrorCode =
  /** There is no such group, or no such lease in it. */
  | 'not-found'
  /** The worker's lease of the shard is over: another may have it by now. */
  | 'lease-lost'
  /** The worker is not in the group (any more), or was replaced by another of its name: it has to join. */
  | 'not-joined'
  /** A checkpoint only moves forward. */
  | 'checkpoint-behind'
  | 'invalid-argument'
  | 'limit-exceeded';

/** Thrown by all that works on consumer groups. */
export class GroupError extends Error {
  readonly code: GroupErrorCode;

  constructor(code: GroupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GroupError';
    this.code = code;
  }
}
