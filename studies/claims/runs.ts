/** One run of a study: found finished, gone on with, or begun. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { resolvedConfigSchema } from "../../harness/config/schema.ts";
import { UserError } from "../../harness/errors.ts";
import type { Config } from "../../harness/index.ts";
import { type Result, resultSchema } from "../../harness/result.ts";
import type { RunRequest } from "../../harness/run/index.ts";
import type { Harness } from "./harness.ts";

/** A config of the study as the harness takes it. */
export const resolve = (name: string, config: Config): RunRequest["config"] =>
  resolvedConfigSchema.parse({ ...config, name, file: null, baseFolder: process.cwd() });

type Request = Pick<RunRequest, "config" | "folder" | "progress" | "signal" | "command">;

/**
 * The result of a run folder, once the run has ended. One that is incomplete is gone on with.
 * @returns null where it was stopped
 * @throws UserError where the folder holds a run of another config
 */
export async function resultOf(harness: Harness, request: Request): Promise<Result | null> {
  const { folder, config } = request;
  const stands = existsSync(join(folder, harness.RESOLVED_FILE));
  if (stands && !isDeepStrictEqual(plain(harness.readResolved(folder)), plain(config)))
    throw new UserError(
      `${folder} holds a run with other settings than this study's`,
      "give the flags it was begun with, or another folder (--out)",
    );
  const known = stands ? await readResult(join(folder, "result.json")) : null;
  if (known?.run.status === "complete") return known;
  const outcome = await harness.run({ ...request, resume: stands, dryRun: false });
  return outcome.kind === "finished" ? outcome.result : null;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function readResult(file: string): Promise<Result | null> {
  return existsSync(file) ? resultSchema.parse(JSON.parse(await readFile(file, "utf8"))) : null;
}
