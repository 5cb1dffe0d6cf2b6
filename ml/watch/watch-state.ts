export interface WatchState {
  readonly tracker: unknown;
  readonly rules: unknown;
  readonly events: unknown;
  readonly faces: unknown;
}
