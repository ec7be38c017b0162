/** The weights that come with the package: trained for longer than a first run should take, and sampled from in it. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../package-root.ts";
import type { Descriptor } from "../plugin.ts";

/** One line of `shipped/shipped.json`, which `npm run ship` writes. */
export interface ShippedWeights {
  /** The entry that was trained. */
  readonly name: string;
  /** In `shipped/`. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Of the config that made them. */
  readonly config: string;
  /** Of the last stage. */
  readonly steps: number;
  /** The trained entry's. */
  readonly model: Descriptor<"model">;
  /** What made the run, and what made the file of it. */
  readonly commands: readonly string[];
}

export const shippedFolder = (): string => join(packageRoot(), "shipped");

export const shippedWeights = (): readonly ShippedWeights[] =>
  JSON.parse(readFileSync(join(shippedFolder(), "shipped.json"), "utf8"));

/** What an entry samples by; what it was trained by would be refused beside a file. */
const SAMPLING = ["size", "objective", "sampler", "guidance", "clamp", "decoderTile"];

/**
 * Entries that sample from the shipped weights and train nothing: 32 px, the classes of `shapes`.
 * @returns by names such as "EPG, Heun 16 (shipped, 8900 steps)"
 */
export const shippedEntries = (): Record<string, Descriptor<"model">> =>
  Object.fromEntries(
    shippedWeights().map(({ name, steps, file, model }) => [
      `${name} (shipped, ${steps} steps)`,
      {
        ...model,
        options: {
          ...Object.fromEntries(
            Object.entries(model.options).filter(([option]) => SAMPLING.includes(option)),
          ),
          weights: join(shippedFolder(), file),
        },
      },
    ]),
  );

export const isShipped = ({ options }: Descriptor<"model">): boolean =>
  typeof options.weights === "string" && dirname(options.weights) === shippedFolder();
