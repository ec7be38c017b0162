import type { Command } from "commander";
import type { RecognisedPart } from "../config/plugins.ts";
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
  const parts = await recognised(path, description);
  if (json !== undefined) await writeJson(json, description, parts);
  if (json === "-") return;
  process.stdout.write(`${path}: ${description.format}\n${toldParts(parts)}${told(description)}`);
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

/** The networks of ours in it: by names and shapes, no number is looked at. */
async function recognised(
  path: string,
  { tensors, metadata }: Description,
): Promise<readonly RecognisedPart[]> {
  if (tensors.length === 0) return [];
  const { recogniseTensors } = await import("../config/plugins.ts");
  return recogniseTensors({
    path,
    shapes: new Map(tensors.map(({ name, shape }) => [name, shape])),
    metadata,
  });
}

/** With the names of the manifests; `metadata` where a safetensors file has some, `model` where a network is recognised. */
async function writeJson(
  to: string,
  description: Description,
  parts: readonly RecognisedPart[],
): Promise<void> {
  const { format, tensors, values, metadata } = description;
  const record = {
    format,
    tensors,
    values: recordOf(values),
    ...(metadata.size > 0 && { metadata: recordOf(metadata) }),
    ...(parts.length > 0 && { model: parts }),
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

function told({ tensors, values, metadata }: Description): string {
  const rows = tensors.map(({ name, dtype, shape, sha256 }) => [
    printable(name),
    dtype,
    `[${shape.join(", ")}]`,
    ...(sha256 === undefined ? [] : [sha256]),
  ]);
  const facts = [
    ...[...metadata].map(([name, text]) => `${name}: ${text}`),
    ...[...values].map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
  return [...columns(rows), ...facts.map(printable)].map((line) => `${line}\n`).join("");
}

function toldParts(parts: readonly RecognisedPart[]): string {
  const lines = parts.flatMap(({ family, size, role, prefix, parameters, missing, surplus, misshapen }) => [
    `${family} ${size}: ${(parameters / 1e6).toFixed(1)} M numbers; part: ${role ?? "not told"}${prefix === "" ? "" : ` (under ${prefix})`}`,
    ...listed("missing", missing),
    ...listed("surplus", surplus),
    ...listed(
      "of another shape",
      misshapen.map(
        ({ name, expected, found }) => `${name} [${found.join(", ")}], not [${expected.join(", ")}]`,
      ),
    ),
  ]);
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** As many as are read by people; JSON has all. */
const LISTED = 10;

function listed(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const rest = names.length > LISTED ? `, and ${names.length - LISTED} more` : "";
  return [`  ${what} (${names.length}): ${names.slice(0, LISTED).join(", ")}${rest}`];
}

/** Names come from files that others made: what would steer a terminal is spelled out. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
