import { existsSync, statSync } from "node:fs";
import { type Command, Option } from "commander";
import { UserError } from "../errors.ts";
import type { NamedArrays } from "../formats/safetensors.ts";
import type { Exported } from "../run/export.ts";
import { commandLine, wholeNumber } from "./arguments.ts";

interface ExportFlags {
  readonly out: string;
  readonly network?: string;
  readonly batch: number;
}

export function define(command: Command): void {
  command
    .addArgument(command.createArgument("<format>", "what is written").choices(["safetensors", "onnx"]))
    .argument("<run>", "a run folder, or a config whose entries are trained or pre-trained")
    .argument("<entry>", "the entry, by its name")
    .requiredOption("--out <file>", "the file to write")
    .addOption(
      new Option("--network <name>", "which of the model's networks (epg: denoiser, generator, encoder)"),
    )
    .option("--batch <n>", "onnx: images a call", wholeNumber(1), 1)
    .action(exportVerb);
}

async function exportVerb(format: string, run: string, entry: string, flags: ExportFlags): Promise<void> {
  const { exportedNetwork } = await import("../run/export.ts");
  const exported = await exportedNetwork({
    ...(await source(run)),
    entry,
    network: flags.network ?? null,
    batchSize: flags.batch,
    command: commandLine(process.argv.slice(2)),
  });
  const files = await written(format, flags.out, exported);
  for (const file of files) process.stdout.write(`${file}: ${statSync(file).size} bytes\n`);
}

async function written(format: string, path: string, exported: Exported): Promise<readonly string[]> {
  try {
    if (format === "onnx") return await (await import("../run/export-onnx.ts")).writeOnnx(path, exported);
    const { writeSafetensorsFile } = await import("../formats/safetensors.ts");
    await writeSafetensorsFile(path, exported.weights as NamedArrays, exported.metadata);
    return [path];
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new UserError(
      `--out: cannot write ${path}: ${error.message}`,
      "name a file in a folder that exists",
    );
  }
}

/** A run's own config and cache, or a config with the cache of where one stands. */
async function source(path: string) {
  const { loadConfig, readResolved } = await import("../config/index.ts");
  if (!existsSync(path))
    throw new UserError(`no run or config at ${path}`, "name a run folder or a config file");
  if (statSync(path).isDirectory()) return { config: readResolved(path), run: path };
  return {
    config: await loadConfig({ file: path, folder: process.cwd(), overrides: {}, note: () => {} }),
    run: null,
  };
}
