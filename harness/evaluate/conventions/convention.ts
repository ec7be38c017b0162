/** A convention: whose arithmetic and whose numbers of images a score follows. */
import type { Compared, Role, Settings } from "../compared.ts";
import type { Family, Found } from "../score.ts";
import type { Tool } from "../tool-listing.ts";

export interface Scorer {
  readonly families: readonly Family[];
  /** Layers of the samples it reads. */
  readonly layers: readonly Role[];
  /** Of the reference: nothing, a distribution (statistics will do), or its images' features. */
  readonly reference: "nothing" | "distribution" | "images";
  /** Whether it runs where no metrics are asked for by name. */
  readonly byDefault: boolean;
  readonly needsLabels?: boolean;
  /** Settings it follows, of those a user can give. */
  readonly settings?: readonly (keyof Settings)[];
  /** Fewest samples and, where it reads them, reference images. */
  readonly fewest?: (settings: Compared["settings"]) => number;
  score(compared: Compared): Promise<readonly Found[]>;
}

export interface Convention {
  /** null: our own. */
  readonly tool: Tool | null;
  /** What a report says of it: the tool, its version, and what of it is not imitated. */
  readonly description: string;
  readonly scorers: readonly Scorer[];
  /** Which of n images it scores, where it has a number of its own; null: all. */
  readonly choice?: (n: number, seed: number | null) => Int32Array | null;
  /** Whether it chooses among the reference's images too. */
  readonly choosesReference?: true;
  /** What it would say of n images that we score all the same. */
  readonly warnings?: (n: number) => readonly string[];
}
