/** The machine a run ran on. */
import { createHash } from "node:crypto";
import os from "node:os";
import { execa } from "execa";
import type { Backend } from "../plugin.ts";
import type { Result } from "../result.ts";

/** Buckets only, so that the same kind of machine has the same fingerprint: no clocks, no host names, no free memory. */
export async function environment(backend: Backend, folder: string): Promise<Result["env"]> {
  const cpu = os.cpus()[0]?.model.trim() ?? "unknown";
  const cores = os.availableParallelism();
  const { processes = 1 } = backend;
  const device = processes === 1 ? backend.device : `${processes} × ${backend.device}`;
  const buckets = {
    cpu,
    cores,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    platform: `${os.platform()}-${os.arch()}`,
    node: process.versions.node.split(".")[0],
    backend: `${backend.name} ${backend.version}`,
    device,
    precision: backend.precision,
    threads: backend.threads,
  };
  return {
    fingerprint: createHash("sha256").update(JSON.stringify(buckets)).digest("hex"),
    cpu,
    cores,
    memoryBytes: os.totalmem(),
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    backend: buckets.backend,
    device,
    precision: backend.precision,
    threads: backend.threads,
    git: await gitCommit(folder),
  };
}

/** The commit checked out where the run was started, `+dirty` where the tree differs from it; null outside git. */
async function gitCommit(folder: string): Promise<string | null> {
  const git = (...args: string[]) => execa("git", args, { cwd: folder, reject: false });
  const head = await git("rev-parse", "--short=12", "HEAD");
  if (head.exitCode !== 0) return null;
  const status = await git("status", "--porcelain");
  return status.stdout === "" ? head.stdout : `${head.stdout}+dirty`;
}
