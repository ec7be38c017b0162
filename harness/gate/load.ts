/** Reads a run's `result.json` back. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { RESULT_SCHEMA_VERSION, type Result, resultSchema } from "../result.ts";
import { readJson, validate } from "./read-json.ts";

const FIX = "name the folder of a finished run, or make it anew with `epg-bench run`";

/**
 * @param path a run folder or its `result.json`
 * @throws UserError where it is absent, broken or of another schema version
 */
export async function loadResult(path: string): Promise<Result> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, "result.json") : path;
  return validate(resultSchema, RESULT_SCHEMA_VERSION, await readJson(file, "result", FIX), file, FIX);
}
