/** Which picture of a stream something is said of: enough to find exactly that frame again. */
export interface FrameRef {
  /** 47 digits. */
  readonly fragmentNumber: string;
  /** Presentation time after the fragment's first picture. */
  readonly offsetMs: number;
  /** When it happened by the producer's clock and by ours, epoch ms: the fragment's time plus the offset. */
  readonly producerMs: number;
  readonly serverMs: number;
}
