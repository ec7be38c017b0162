/** Costs that no runtime of the harness counted. */

/** What the harness did not count itself: as the config declares it, the model's program reports it, or the plugin counts it. */
export interface Told {
  readonly value: number;
  readonly by: "declared" | "reported" | "counted";
}

/** What is computed where no runtime of the harness counts it; null: not known, which is not 0. */
export interface Elsewhere {
  /** Network calls an image, guidance passes counted. */
  readonly calls: Told | null;
  /** Multiply-accumulates an image. */
  readonly macs: Told | null;
  readonly parameters: Told | null;
  /** Of all training. */
  readonly trainFlops: Told | null;
  /** Whether it runs in a process of its own, whose memory is not measured. */
  readonly ownProcess: boolean;
}
