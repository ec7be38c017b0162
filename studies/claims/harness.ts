/** The harness as its users run it, built: its worker processes are. */
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";

/** Builds `dist/` where the sources have changed, and loads of it what the study runs on. */
export async function openHarness() {
  await execaNode(fileURLToPath(new URL("../../scripts/build.js", import.meta.url)), { stderr: "inherit" });
  const from = (path: string) => import(new URL(`../../dist/harness/${path}.js`, import.meta.url).href);
  const run: typeof import("../../harness/run/index.ts") = await from("run/index");
  const plan: typeof import("../../harness/run/plan.ts") = await from("run/plan");
  const open: typeof import("../../harness/run/open.ts") = await from("run/open");
  const settle: typeof import("../../harness/run/settle.ts") = await from("run/settle");
  const folder: typeof import("../../harness/run/folder.ts") = await from("run/folder");
  const config: typeof import("../../harness/config/index.ts") = await from("config/index");
  const progress: typeof import("../../harness/cli/progress.ts") = await from("cli/progress");
  const signals: typeof import("../../harness/cli/signals.ts") = await from("cli/signals");
  return { ...run, ...plan, ...open, ...settle, ...folder, ...config, ...progress, ...signals };
}

export type Harness = Awaited<ReturnType<typeof openHarness>>;
