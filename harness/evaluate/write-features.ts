/** From images to a file of features that can be scored later, and read by any reader of safetensors. */
import { extractFeatures, type Stages } from "./extract.ts";
import { openImageSet } from "./image-set.ts";
import { type ExtractorChoice, findExtractor, openBackend } from "./open-extractor.ts";
import type { Closable } from "./seen.ts";
import type { Tool } from "./tool-listing.ts";

export interface FeaturesRequest {
  readonly images: string;
  /** In whose order a folder is read. */
  readonly tool: Tool | undefined;
  readonly extractor: ExtractorChoice;
  /** null: those that scores are made of. */
  readonly layers: readonly string[] | null;
  readonly out: string;
  readonly progress: Stages;
}

export interface WrittenFeatures {
  readonly n: number;
  /** Numbers an image, by layer. */
  readonly widths: Readonly<Record<string, number>>;
  readonly extractor: string;
  readonly warnings: readonly string[];
}

const USUAL = ["2048", "features", "logits_unbiased", "logits", "spatial"];

/** @throws UserError for images that cannot be read, layers that the extractor does not have, and a file that cannot be written */
export async function writeFeatures(request: FeaturesRequest): Promise<WrittenFeatures> {
  const closing: Closable[] = [];
  try {
    const set = await openImageSet(request.images, request.tool);
    closing.push(set);
    const available = await findExtractor(request.extractor);
    const usual = USUAL.filter((name) => available.layers.includes(name));
    const layers =
      request.layers ?? usual.filter((name) => name !== "logits" || !usual.includes("logits_unbiased"));
    const opened = await available.open(layers, await openBackend(request.extractor.threads));
    const { extractor, widths } = opened;
    closing.push({ close: () => extractor.dispose() });
    await extractFeatures(set, opened, layers, request.out, request);
    return {
      n: set.length,
      widths: Object.fromEntries(layers.map((layer) => [layer, widths[layer]!])),
      extractor: extractor.description,
      warnings: [...set.warnings, ...(extractor.warnings ?? [])],
    };
  } finally {
    for (const one of closing.reverse()) await one.close();
  }
}
