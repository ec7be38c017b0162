import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Overrides } from "../../../harness/config/index.ts";
import { loadConfig, type ResolvedConfig } from "../../../harness/config/index.ts";
import { UserError } from "../../../harness/errors.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

/** An empty folder that counts as the root of a repository: discovery stops there. */
export function repository(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, ".git"), "");
  return folder;
}

/** Loads a config of the given text. */
export function load(
  text: string,
  overrides: Overrides = {},
  name = "my.config.ts",
): Promise<ResolvedConfig> {
  const folder = repository();
  writeFileSync(join(folder, name), text);
  return loadConfig({ file: name, folder, overrides, note() {} });
}

/** A config that is right but for the fields given, as TypeScript. */
export const config = (fields = "", entries = "EPG: epg()"): string => `
import { autoguidance, defineConfig, edmStochastic, epg, eulerSde, heun, imageFolder, latent, npz, onnx, onnxruntime, shapes } from "epg-bench";
export default { dataset: shapes(), entries: { ${entries} }, ${fields} };
`;

/** The message a mistake is told with, as it is printed. */
export async function mistake(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 2) return `${error.message}\n  fix: ${error.fix}`;
    throw error;
  }
  throw new Error("no mistake was found");
}
