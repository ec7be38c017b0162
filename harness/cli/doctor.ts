import type { Command } from "commander";
import type { Finding } from "../config/plugins.ts";
import { EXIT } from "../errors.ts";
import type { MachineFinding } from "../measure/machine.ts";
import { columns } from "./columns.ts";
import { writeJson } from "./output-file.ts";

/** What `run` without a config computes on. */
const DEFAULT = { backend: "onnxruntime", what: "onnxruntime on cpu" } as const;

export interface Findings {
  readonly machine: readonly MachineFinding[];
  /** By their names. */
  readonly backends: Readonly<Record<string, readonly Finding[]>>;
}

export function define(command: Command): void {
  command
    .option("--json <file>", "write it as JSON; - for stdout, in place of the text")
    .action(async ({ json }: { json?: string }) => {
      const findings = await examine();
      const ready = lacks(findings).length === 0;
      if (json === undefined) process.stdout.write(told(findings));
      else await writeJson(json, { node: process.versions.node, ready, ...findings });
      process.exitCode = ready ? EXIT.ok : EXIT.crash;
    });
}

export async function examine(): Promise<Findings> {
  const [{ examineBackends }, { examineMachine }] = await Promise.all([
    import("../config/plugins.ts"),
    import("../measure/machine.ts"),
  ]);
  const [machine, backends] = await Promise.all([examineMachine(".epg-bench"), examineBackends()]);
  return { machine, backends };
}

/** What keeps `run` without a config from running; none: it can. */
export function lacks({ machine, backends }: Findings): string[] {
  const missing = machine.filter(({ works, needed }) => needed && !works).map(({ what }) => what);
  const computes = backends[DEFAULT.backend]?.some(({ what, works }) => works && what === DEFAULT.what);
  return computes ? missing : [...missing, DEFAULT.what];
}

/** A row each, and below one that does not work how to mend it. */
export function told(findings: Findings): string {
  const lacking = lacks(findings);
  const all = [...findings.machine, ...Object.values(findings.backends).flat()];
  const standing = ({ what, works }: Finding): string =>
    works ? "works" : lacking.includes(what) ? "missing" : "not available (optional)";
  const lines = columns(all.map((one) => [standing(one), one.what, one.detail]));
  const mended = lines.flatMap((line, i) => {
    const { fix } = all[i]!;
    return fix === null ? [line] : [line, `         fix: ${fix}`];
  });
  const verdict =
    lacking.length === 0
      ? "`epg-bench run` can run here."
      : `\`epg-bench run\` cannot run here for want of ${lacking.join(" and ")}.`;
  return `${[...mended, "", verdict].join("\n")}\n`;
}
