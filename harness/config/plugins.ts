/** Finds plugins: the built-in ones by name, the user's by path or package. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ZodType } from "zod";
import { UserError } from "../errors.ts";
import type {
  BackendPlugin,
  Descriptor,
  Finding,
  NamedShapes,
  PluginKind,
  PluginOf,
  RecognisedPart,
} from "../plugin.ts";
import { suggestion } from "../suggest.ts";
import { userErrorFrom } from "./issues.ts";
import { defaultExport, loader, shortened } from "./module.ts";

export type { Finding, RecognisedPart } from "../plugin.ts";

/** Reports are no part of a config: `epg-bench report` names them. */
type Kind = Exclude<PluginKind, "reporter">;

type Load = () => Promise<{ readonly default: unknown }>;

/** The only place where the harness names plugins; a plugin's code is loaded when a config asks for it. */
const BUILT_IN: { readonly [Kind in PluginKind]: Readonly<Record<string, Load>> } = {
  backend: {
    onnxruntime: () => import("../../plugins/backends/onnxruntime/index.ts"),
    torch: () => import("../../plugins/backends/torch/index.ts"),
    openvino: () => import("../../plugins/backends/openvino/index.ts"),
    tfjs: () => import("../../plugins/backends/tfjs/index.ts"),
  },
  model: {
    epg: () => import("../../plugins/models/epg/index.ts"),
    latent: () => import("../../plugins/models/latent/index.ts"),
    command: () => import("../../plugins/models/command/index.ts"),
    samples: () => import("../../plugins/models/samples/index.ts"),
    onnx: () => import("../../plugins/models/onnx/index.ts"),
  },
  dataset: {
    shapes: () => import("../../plugins/datasets/shapes/index.ts"),
    "image-folder": () => import("../../plugins/datasets/image-folder/index.ts"),
    npz: () => import("../../plugins/datasets/npz/index.ts"),
    announced: () => import("../../plugins/datasets/announced/index.ts"),
  },
  features: {
    "efficientnet-lite0": () => import("../../plugins/features/efficientnet-lite0/index.ts"),
    inception: () => import("../../plugins/features/inception/index.ts"),
  },
  reporter: {},
};

/** What a plugin's default export must hold, by kind (harness/plugin.ts). */
const MEMBERS: Readonly<Record<Kind, readonly string[]>> = {
  backend: ["name", "schema", "open"],
  model: ["name", "schema", "stages", "sampler", "deviations"],
  dataset: ["name", "schema", "open"],
  features: ["name", "schema", "open"],
};

/**
 * Loads a plugin.
 *
 * @param name a built-in name, a package, or a path beginning with `./`, `../` or `/`
 * @param baseFolder relative paths and packages are looked up from here
 * @throws UserError for a name that is not known (with the nearest that is) or a module that is no plugin
 */
export async function loadPlugin<K extends Kind>(
  kind: K,
  name: string,
  baseFolder: string,
): Promise<PluginOf[K]> {
  const builtIn = BUILT_IN[kind];
  const found = Object.hasOwn(builtIn, name)
    ? (await builtIn[name]!()).default
    : await defaultExport(await pluginFile(kind, name, baseFolder), `the ${kind} plugin`);
  const missing = MEMBERS[kind].filter((member) => Reflect.get(Object(found), member) === undefined);
  if (missing.length > 0) {
    throw new UserError(
      `the default export of the ${kind} plugin "${name}" lacks ${missing.join(", ")}`,
      `export default { ${MEMBERS[kind].join(", ")} }, typed by the contracts of epg-bench`,
    );
  }
  return found as PluginOf[K];
}

async function pluginFile(kind: Kind, name: string, baseFolder: string): Promise<string> {
  if (/^(\.{1,2})?\//.test(name)) {
    const file = resolve(baseFolder, name);
    if (existsSync(file)) return file;
    throw new UserError(
      `no file ${shortened(file)} for the ${kind} plugin "${name}"`,
      "give its path from the config's folder, with its extension",
    );
  }
  const url = (await loader(baseFolder)).esmResolve(name, { try: true });
  if (url?.startsWith("file:")) return fileURLToPath(url);
  throw new UserError(
    `unknown ${kind} "${name}"`,
    `${suggestion(name, Object.keys(BUILT_IN[kind]))}; your own: a package, or a path beginning with ./`,
  );
}

/** What of the built-in backends works on this machine, by their names. One that fails otherwise than it foresaw is told too. */
export async function examineBackends(): Promise<Readonly<Record<string, readonly Finding[]>>> {
  const found = Object.entries(BUILT_IN.backend).map(async ([name, load]) => {
    try {
      const plugin = (await load()).default as BackendPlugin;
      return [name, (await plugin.check?.()) ?? []] as const;
    } catch (error) {
      const fix = "reinstall the package: `npm ci`";
      return [name, [{ what: name, works: false, detail: (error as Error).message, fix }]] as const;
    }
  });
  return Object.fromEntries(await Promise.all(found));
}

/** What the built-in plugins know of a file of tensors: nothing where none knows it. */
export async function recogniseTensors(file: NamedShapes): Promise<RecognisedPart[]> {
  const parts: RecognisedPart[] = [];
  for (const kind of ["model", "features"] as const)
    for (const load of Object.values(BUILT_IN[kind])) {
      const plugin = (await load()).default as PluginOf["model" | "features"];
      parts.push(...((await plugin.recognise?.(file)) ?? []));
    }
  return parts;
}

/**
 * The options of a descriptor, checked by its plugin and with their defaults.
 *
 * @param at where the descriptor stands in the config: `["entries", "EPG"]`
 * @throws UserError naming the option, the value found and the fix
 */
export function parseOptions<Options>(
  plugin: { readonly schema: ZodType<Options> },
  descriptor: Descriptor,
  at: readonly string[],
  source: string,
): Options {
  const parsed = plugin.schema.safeParse(descriptor.options);
  if (parsed.success) return parsed.data;
  throw userErrorFrom(parsed.error, {
    input: descriptor.options,
    schema: plugin.schema,
    at: [...at, "options"],
    source,
  });
}

/** Where a plugin's code lies: the folder of a built-in one, the file of the user's. Part of what its work depends on. */
export async function pluginSource(kind: Kind, name: string, baseFolder: string): Promise<string> {
  const folder = kind === "features" ? kind : `${kind}s`;
  if (Object.hasOwn(BUILT_IN[kind], name))
    return fileURLToPath(new URL(`../../plugins/${folder}/${name}`, import.meta.url));
  return pluginFile(kind, name, baseFolder);
}
