import type { Command } from "commander";
import type { Finding } from "../config/plugins.ts";
import { EXIT } from "../errors.ts";
import { columns } from "./columns.ts";
import { writeJson } from "./output-file.ts";

/** What `run` without a config computes on. */
const DEFAULT_BACKEND = "onnxruntime";

export type Findings = Readonly<Record<string, readonly Finding[]>>;

export function define(command: Command): void {
  command
    .option("--json <file>", "write it as JSON; - for stdout, in place of the text")
    .action(async ({ json }: { json?: string }) => {
      const { examineBackends } = await import("../config/plugins.ts");
      const backends = await examineBackends();
      const ready = canRun(backends);
      if (json === undefined) process.stdout.write(told(backends));
      else await writeJson(json, { node: process.versions.node, ready, backends });
      process.exitCode = ready ? EXIT.ok : EXIT.crash;
    });
}

/** Whether `run` without a config can. */
export const canRun = (backends: Findings): boolean =>
  backends[DEFAULT_BACKEND]?.some(({ works }) => works) ?? false;

export function told(backends: Findings): string {
  const findings = Object.values(backends).flat();
  const rows = findings.map(({ what, works, detail }) => [works ? "works" : "missing", what, detail]);
  const lines = columns([["works", "Node", process.versions.node], ...rows]);
  const mended = lines.flatMap((line, i) => {
    const fix = findings[i - 1]?.fix ?? null;
    return fix === null ? [line] : [line, `         fix: ${fix}`];
  });
  const verdict = canRun(backends)
    ? "`epg-bench run` can run here."
    : `\`epg-bench run\` cannot run here: its backend, ${DEFAULT_BACKEND}, does not work.`;
  return `${[...mended, "", verdict].join("\n")}\n`;
}
