import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { type ExtractorFlags, extractorOf, extractorOptions } from "./extractor-flags.ts";
import { requireWritable } from "./output-file.ts";

interface FeaturesFlags extends ExtractorFlags {
  readonly layers?: string;
  readonly out: string;
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  command.argument(
    "<images>",
    "a folder, a tar or several (shards-{000..003}.tar), a zip, or an .npz in ADM's layout",
  );
  extractorOptions(command)
    .option(
      "--layers <names>",
      "of Inception: 64, 192, 768, 2048, spatial, logits, logits_unbiased (default: what scores need)",
    )
    .requiredOption("--out <file>", "a safetensors file, one tensor [n, d] a layer")
    .option("--quiet", "no progress")
    .action(featuresVerb);
}

async function featuresVerb(images: string, flags: FeaturesFlags): Promise<void> {
  const [{ writeFeatures }, { stderrProgress }, { conventionOf }] = await Promise.all([
    import("../evaluate/write-features.ts"),
    import("./progress.ts"),
    import("../evaluate/conventions/index.ts"),
  ]);
  const { tool } = conventionOf(flags.as ?? null);
  const layers = flags.layers?.split(",").map((name) => name.trim()) ?? null;
  if (layers?.some((name, i) => name === "" || layers.indexOf(name) !== i))
    throw new UserError(`--layers ${flags.layers}: a name is missing or given twice`, "name each layer once");
  await requireWritable("--out", flags.out);
  const progress = stderrProgress({ quiet: flags.quiet ?? false });
  try {
    const written = await writeFeatures({
      images,
      tool: tool ?? undefined,
      extractor: extractorOf(flags),
      layers,
      out: flags.out,
      progress,
    });
    for (const warning of written.warnings) progress.note(`warning: ${warning}`);
    process.stdout.write(
      `${flags.out}: ${written.n} images, ${Object.entries(written.widths)
        .map(([name, width]) => `${name} [${width}]`)
        .join(", ")}; ${written.extractor}\n`,
    );
  } finally {
    progress.close();
  }
}
