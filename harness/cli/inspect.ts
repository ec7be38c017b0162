import type { Command } from "commander";
import { UserError } from "../errors.ts";
import type { Description } from "../formats/describe.ts";
import { columns } from "./columns.ts";

interface InspectFlags {
  readonly hash?: boolean;
  readonly json?: string;
}

export function define(command: Command): void {
  command
    .argument("<file>", "an npy, npz, safetensors, .pt, .pth or .pkl file, an index of shards, or a folder")
    .option("--hash", "the sha256 of every tensor's bytes")
    .option("--json <file>", "write it as JSON; - for stdout, with nothing else on it")
    .action(inspect);
}

/** Data of up to 1 GiB are read through, so that damage shows; larger files' with --hash. */
async function inspect(path: string, { hash = false, json }: InspectFlags): Promise<void> {
  const description = await described(path, hash);
  if (json !== undefined) await writeJson(json, description);
  if (json === "-") return;
  process.stdout.write(told(path, description));
  if (!description.checked && description.tensors.length > 0)
    process.stderr.write("its data were not read, for their size; --hash reads and checks them\n");
}

async function described(path: string, hash: boolean): Promise<Description> {
  const [{ describe }, { FormatError }] = await Promise.all([
    import("../formats/describe.ts"),
    import("../formats/format-error.ts"),
  ]);
  try {
    return await describe(path, hash);
  } catch (error) {
    if (error instanceof FormatError) throw new UserError(printable(error.message));
    const code = error instanceof Error && "code" in error ? String(error.code) : null;
    if (code === null) throw error;
    throw new UserError(
      code === "ENOENT" ? `${path}: no such file or folder` : `${path}: cannot be read (${code})`,
    );
  }
}

/** With the names of the manifests; `metadata` where a safetensors file has some. */
async function writeJson(to: string, description: Description): Promise<void> {
  const { format, tensors, values, metadata } = description;
  const record = {
    format,
    tensors,
    values: recordOf(values),
    ...(metadata.size > 0 && { metadata: recordOf(metadata) }),
  };
  const text = `${JSON.stringify(record, null, 2)}\n`;
  if (to === "-") process.stdout.write(text);
  else {
    const { writeAtomically } = await import("../formats/atomic.ts");
    await writeAtomically(to, (file) => file.writeFile(text));
  }
}

/** A key named __proto__ stays a key. */
const recordOf = <Value>(map: ReadonlyMap<string, Value>): Readonly<Record<string, Value>> =>
  Object.fromEntries(map);

function told(path: string, { format, tensors, values, metadata }: Description): string {
  const rows = tensors.map(({ name, dtype, shape, sha256 }) => [
    printable(name),
    dtype,
    `[${shape.join(", ")}]`,
    ...(sha256 === undefined ? [] : [sha256]),
  ]);
  const facts = [...metadata, ...values].map(([name, value]) =>
    printable(`${name}: ${JSON.stringify(value)}`),
  );
  return `${[`${path}: ${format}`, ...columns(rows), ...facts].join("\n")}\n`;
}

/** Names come from files that others made: what would steer a terminal is spelled out. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
