import { existsSync } from "node:fs";
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import type { KnownReference } from "../references/known.ts";
import { wholeNumber } from "./arguments.ts";
import { columns } from "./columns.ts";
import { fetchAndTell } from "./fetch.ts";
import { writeJson } from "./output-file.ts";

export function define(command: Command): void {
  command
    .command("list")
    .description("the references that have names: published ones, and those made here")
    .option("--json <file>", "write it as JSON; - for stdout, with nothing else on it")
    .action(list);
  command
    .command("fetch")
    .description("bring a published reference into the user's cache, checked")
    .argument("<name>", "a name that list shows")
    .option("--quiet", "no progress")
    .action(async (name: string, { quiet = false }: { quiet?: boolean }) => {
      const { fetchReference } = await import("../references/fetch.ts");
      await fetchAndTell(quiet, (context) => fetchReference(name, context));
    });
  command
    .command("verify")
    .description("read and hash references that are on this machine")
    .argument("[name]", "one of them; all without")
    .action(verify);
  command
    .command("make")
    .description("make a reference of images: for eval, pytorch-fid, clean-fid and ADM's evaluator")
    .argument(
      "<images>",
      "a folder, a tar or several (shards-{000..003}.tar), a zip, or an .npz in ADM's layout",
    )
    .requiredOption("--resolution <pixels>", "centre squares of this side, as ADM crops", wholeNumber(1))
    .requiredOption("--name <name>", "the name by which eval and the others are to know it")
    .option("--as <tool>", "the tool whose preparation of images for Inception it takes", "adm")
    .option("--weights <file>", "Inception's weights (default: EPG_BENCH_INCEPTION, then the user's cache)")
    .option("--out <folder>", "where the file goes (default: the user's cache)")
    .option("--images <n>", "images kept in it, for ADM's precision and recall", wholeNumber(0), 10_000)
    .option("--threads <n>", "threads", wholeNumber(1), 2)
    .option("--quiet", "no progress")
    .action(make);
}

async function list({ json }: { json?: string }): Promise<void> {
  const { knownReferences, referenceFile, isLocal } = await import("../references/known.ts");
  const rows = (await knownReferences()).map((reference) => {
    const file = referenceFile(reference);
    return { ...reference, local: isLocal(reference), file, present: existsSync(file) };
  });
  if (json === undefined) process.stdout.write(table(rows));
  else await writeJson(json, rows);
}

type Row = KnownReference & { readonly local: boolean; readonly present: boolean };

function table(rows: readonly Row[]): string {
  const number = (value: number | null): string => value?.toLocaleString("en") ?? "?";
  const lines = columns([
    ["name", "px", "images", "for P/R", "features", "as", "labels", "here", "source"],
    ...rows.map(({ name, resolution, n, images, extractor, convention, labels, present, local, source }) => [
      name,
      `${resolution}`,
      number(n),
      images === null ? "-" : number(images),
      extractor,
      convention,
      labels,
      present ? (local ? "made here" : "yes") : local ? "gone" : "no",
      source,
    ]),
  ]);
  return `${lines.join("\n")}\n`;
}

async function verify(name: string | undefined): Promise<void> {
  const [{ verifyReference }, { knownReferences, referenceFile }, { findReference, requirePresent }] =
    await Promise.all([
      import("../references/verify.ts"),
      import("../references/known.ts"),
      import("../references/resolve.ts"),
    ]);
  const asked = name === undefined ? await knownReferences() : [await findReference(name)];
  if (name !== undefined) asked.map(requirePresent);
  const present = asked.filter((reference) => existsSync(referenceFile(reference)));
  let wrong = 0;
  for (const reference of present) {
    const { sha256, problems } = await verifyReference(reference);
    wrong += Math.min(1, problems.length);
    const state = problems.length > 0 ? problems.join("; ") : `ok, sha256 ${sha256}`;
    process.stdout.write(`${reference.name}: ${state}\n`);
  }
  if (present.length === 0) process.stdout.write("no reference is on this machine\n");
  if (wrong > 0)
    throw new UserError(
      `${wrong} of ${present.length} references are not what they should be`,
      "remove the files that are named above, and fetch or make them again",
    );
}

interface MakeFlags {
  readonly resolution: number;
  readonly name: string;
  readonly as: string;
  readonly weights?: string;
  readonly out?: string;
  readonly images: number;
  readonly threads: number;
  readonly quiet?: boolean;
}

async function make(
  path: string,
  { images, weights, out, quiet = false, ...flags }: MakeFlags,
): Promise<void> {
  const [{ makeReferenceFile }, { stderrProgress }] = await Promise.all([
    import("../evaluate/make-reference.ts"),
    import("./progress.ts"),
  ]);
  const progress = stderrProgress({ quiet });
  try {
    const making = { ...flags, images: path, kept: images, weights, out, progress };
    const { reference, warnings } = await makeReferenceFile(making);
    for (const warning of warnings) progress.note(`warning: ${warning}`);
    process.stdout.write(`${reference.made.file}\n`);
  } finally {
    progress.close();
  }
}
