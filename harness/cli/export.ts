import { existsSync, statSync } from "node:fs";
import { type Command, Option } from "commander";
import { quantity } from "../../reports/format.ts";
import { plainLines } from "../../reports/text.ts";
import { bytesText } from "../bytes.ts";
import { UserError } from "../errors.ts";
import type { NamedArrays } from "../formats/safetensors.ts";
import type { Exported, ExportRequest, Owner } from "../run/export.ts";
import { commandLine, wholeNumber } from "./arguments.ts";

interface ExportFlags {
  readonly out: string;
  readonly network?: string;
  readonly batch: number;
  readonly dtype: "float32" | "float16";
}

export function define(command: Command): void {
  command
    .addArgument(command.createArgument("<format>", "what is written").choices(["safetensors", "onnx"]))
    .argument("<run>", "a run folder, or a config whose entries are trained or pre-trained")
    .argument("[entry]", "the entry, by its name (default: the only one there is)")
    .requiredOption("--out <file>", "the file to write")
    .addOption(
      new Option(
        "--network <name>",
        "which of the model's networks (epg: denoiser, generator, encoder; latent: denoiser, decoder)",
      ),
    )
    .addOption(
      new Option("--dtype <type>", "safetensors: how numbers are kept")
        .choices(["float32", "float16"])
        .default("float32"),
    )
    .option("--batch <n>", "onnx: images a call", wholeNumber(1), 1)
    .action(exportVerb);
}

async function exportVerb(
  format: string,
  run: string,
  entry: string | undefined,
  flags: ExportFlags,
): Promise<void> {
  if (format === "onnx" && flags.dtype !== "float32")
    throw new UserError(
      `--dtype ${flags.dtype}: ONNX files are written in float32`,
      "leave it out, or export safetensors",
    );
  const request: ExportRequest = {
    ...(await source(run)),
    entry: entry ?? null,
    network: flags.network ?? null,
    batchSize: flags.batch,
    command: commandLine(process.argv.slice(2)),
  };
  const { files, exported } = await (format === "onnx"
    ? onnx(request, flags.out)
    : safetensors(request, flags));
  const parameters = Object.values(exported.weights).reduce((sum, { data }) => sum + data.length, 0);
  process.stdout.write(
    plainLines(
      `"${exported.entry}", model ${exported.model}: ${quantity({ value: parameters, unit: "parameters" })} numbers in ${flags.dtype}\n`,
    ),
  );
  for (const file of files) process.stdout.write(`${file}: ${bytesText(statSync(file).size)}\n`);
}

interface Written {
  readonly files: readonly string[];
  readonly exported: Owner & Pick<Exported, "weights">;
}

async function onnx(request: ExportRequest, path: string): Promise<Written> {
  const { exportedNetwork } = await import("../run/export.ts");
  const { writeOnnx } = await import("../run/export-onnx.ts");
  const exported = await exportedNetwork(request);
  return { files: await writable(path, () => writeOnnx(path, exported)), exported };
}

async function safetensors(request: ExportRequest, { out: path, dtype }: ExportFlags): Promise<Written> {
  const { exportedState } = await import("../run/export.ts");
  const { writeSafetensorsFile } = await import("../formats/safetensors.ts");
  const exported = await exportedState(request);
  const { weights, metadata } = exported;
  const [tensors, about] =
    dtype === "float32"
      ? [weights as NamedArrays, metadata]
      : [await halved(weights as NamedArrays), { ...metadata, precision: HALVES }];
  const files = await writable(path, async () => {
    await writeSafetensorsFile(path, tensors, about);
    return [path];
  });
  return { files, exported };
}

const HALVES = "float16, rounded from float32 to nearest, ties to even; numbers on their own are float32";

async function halved(tensors: NamedArrays): Promise<NamedArrays> {
  const { narrowed } = await import("../formats/float16.ts");
  try {
    return narrowed(tensors);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`--dtype float16: ${error.message}`, "leave it out: float32 can");
  }
}

async function writable(path: string, write: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await write();
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
