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
  /** Multiply-accumulates an image, a decoder's among them. */
  readonly macs: Told | null;
  /** A decoder's among them. */
  readonly parameters: Told | null;
  /** Of a latent model: what of these is its decoder's; absent without, or where it cannot be told apart. */
  readonly decoder?: { readonly calls: Told; readonly macs: Told | null; readonly parameters: Told };
  /** Of all training. */
  readonly trainFlops: Told | null;
  /** Whether it runs in a process of its own, whose memory is not measured. */
  readonly ownProcess: boolean;
}
