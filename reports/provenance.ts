/** What went wrong, what was done otherwise than the papers do, where it ran and how to run it again. */
import type { Result } from "../harness/result.ts";
import { count, quantity } from "./format.ts";
import { code, escaped, list } from "./text.ts";

export function failures(result: Result): string | null {
  const failed = result.run.entries.filter(({ status }) => status === "failed");
  if (failed.length === 0) return null;
  return `## Failed\n\n${list(failed.map(({ name, failure }) => `${escaped(name)}: ${escaped(failure ?? "no reason given")}`))}`;
}

export function warnings(result: Result): string | null {
  return result.warnings.length === 0 ? null : `## Warnings\n\n${list(result.warnings.map(escaped))}`;
}

/** Entries whose deviations are the same stand together. */
export function deviations(result: Result): string | null {
  const groups = new Map<string, { names: string[]; deviations: readonly string[] }>();
  for (const entry of result.run.entries) {
    if (entry.deviations.length === 0) continue;
    const key = JSON.stringify(entry.deviations);
    const group = groups.get(key) ?? { names: [], deviations: entry.deviations };
    group.names.push(entry.name);
    groups.set(key, group);
  }
  if (groups.size === 0) return null;
  const parts = [...groups.values()].map(
    (group) => `**${group.names.map(escaped).join("; ")}**\n\n${list(group.deviations.map(escaped))}`,
  );
  return ["## Otherwise than in the papers", ...parts].join("\n\n");
}

export function environment({ env, run }: Result): string {
  const { dataset } = run;
  return [
    "## Environment",
    list([
      `Data: ${escaped(dataset.name)} at ${run.resolution} px, ${count(dataset.classes.length)} classes; ` +
        `train ${count(dataset.train)}, reference ${count(dataset.reference)}, held out ${count(dataset.heldOut)}; ` +
        `scored against ${dataset.scoredAgainst}; identity ${code(dataset.identity.slice(0, 12))}`,
      `Features: ${code(run.features)}, ${count(run.featureDims)} dimensions; sample labels: ${escaped(run.labels)}`,
      `Backend: ${escaped(env.backend)} on ${escaped(env.device)}, ${escaped(env.precision)}, ${count(env.threads)} threads`,
      `Machine: ${escaped(env.cpu)}, ${count(env.cores)} cores, ${quantity({ value: env.memoryBytes, unit: "byte" })}; ` +
        `${escaped(env.os)}, Node ${escaped(env.node)}`,
      `Fingerprint: ${code(env.fingerprint.slice(0, 12))}; git: ${env.git === null ? "not in a repository" : code(env.git)}`,
    ]),
  ].join("\n\n");
}

export function reproduction({ run }: Result): string {
  return [
    "## How to reproduce",
    code(run.command),
    list([
      `Config: ${code(run.config)}, hash ${code(run.configHash.slice(0, 12))}; seed ${run.seed}; ${escaped(run.tool)}`,
      `Run: ${code(run.id)}, ${escaped(run.status)}, ${escaped(run.startedAt)} to ${escaped(run.finishedAt)}`,
    ]),
  ].join("\n\n");
}
