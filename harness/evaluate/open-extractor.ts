/** Opening the network that sees the images, as far as the layers that are needed. */
import { loadPlugin, parseOptions } from "../config/plugins.ts";
import { UserError } from "../errors.ts";
import type { Backend, FeatureExtractor, FeaturesPlugin, LayerExtractor } from "../plugin.ts";

export interface ExtractorChoice {
  /** A feature extractor by its name, or a path to one, and its options. */
  readonly plugin: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly threads: number;
}

const SOURCE = "the command line";

export async function openBackend(threads: number): Promise<Backend> {
  const plugin = await loadPlugin("backend", "onnxruntime", process.cwd());
  const descriptor = { kind: "backend", plugin: "onnxruntime", options: { threads } } as const;
  return plugin.open(parseOptions(plugin, descriptor, ["backend"], SOURCE));
}

/** An extractor that is not opened yet: what it can give, by layer. */
export interface AvailableExtractor {
  readonly name: string;
  /** Names of layers; those of an extractor without any are "features" and "logits". */
  readonly layers: readonly string[];
  /** @throws UserError for a layer it does not have */
  open(layers: readonly string[], backend: Backend): Promise<OpenedExtractor>;
}

export interface OpenedExtractor {
  readonly extractor: LayerExtractor;
  readonly widths: Readonly<Record<string, number>>;
}

async function pluginOf({ plugin: name, options }: ExtractorChoice) {
  const context = { baseFolder: process.cwd() };
  const plugin: FeaturesPlugin = await loadPlugin("features", name, context.baseFolder);
  const parsed = parseOptions(plugin, { kind: "features", plugin: name, options }, ["features"], SOURCE);
  return { plugin, parsed, context };
}

export async function findExtractor(choice: ExtractorChoice): Promise<AvailableExtractor> {
  const { plugin, parsed, context } = await pluginOf(choice);
  const { layers: all, openLayers } = plugin;
  const names = all && openLayers ? Object.keys(all) : ["features", "logits"];
  return {
    name: plugin.name,
    layers: names,
    async open(layers, backend) {
      const unknown = layers.find((layer) => !names.includes(layer));
      if (unknown !== undefined)
        throw new UserError(
          `${plugin.name} has no layer ${JSON.stringify(unknown)}`,
          `name layers of ${names.join(", ")}`,
        );
      if (!all || !openLayers) return withLayers(await plugin.open(parsed, backend, context));
      return {
        extractor: await openLayers(parsed, layers, backend, context),
        widths: Object.fromEntries(layers.map((layer) => [layer, all[layer]!])),
      };
    },
  };
}

/**
 * What the extractor's features depend on beside its options and its own code: the content of weights, wherever they lie.
 * @returns null where that is nothing
 * @throws UserError for weights that are not there
 */
export async function extractorIdentity(choice: ExtractorChoice): Promise<string | null> {
  const { plugin, parsed, context } = await pluginOf(choice);
  return (await plugin.identity?.(parsed, context)) ?? null;
}

/** An extractor of features and logits alone, layer by layer. */
async function withLayers(extractor: FeatureExtractor): Promise<OpenedExtractor> {
  const { id, name, batchSize, description, warnings, dims } = extractor;
  return {
    widths: { features: dims, logits: extractor.classes },
    extractor: {
      id,
      name,
      batchSize,
      ...(warnings ? { warnings } : {}),
      description,
      async extract(images) {
        const { features, logits } = await extractor.extract(images);
        return { features, logits };
      },
      dispose: () => extractor.dispose(),
    },
  };
}
