/** A signaling channel as far as the relay must know it. */
export interface SignalingChannel {
  readonly name: string;
  readonly arn: string;
  /** How long a message waits for a receiver who is not there. 5 to 120 s. */
  readonly messageTtlMs: number;
}

/** The channels that exist: the catalog's side of signaling. Cheap to ask, and asked again while connections last. */
export interface SignalingChannels {
  /** `undefined`: no such channel, or one that was deleted and made again since (its ARN is another one). */
  find(channelArn: string): SignalingChannel | undefined;
}
