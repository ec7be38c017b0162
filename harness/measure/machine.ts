/** What of this machine a run stands on, beside its backends. */
import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import os from "node:os";
import { dirname, resolve } from "node:path";
import { execa } from "execa";
import { bytesText } from "../bytes.ts";
import type { Finding } from "../plugin.ts";
import { memoryBytes } from "./memory.ts";

export interface MachineFinding extends Finding {
  /** By the default job. */
  readonly needed: boolean;
}

const LEAST_NODE = [20, 19] as const;
/** With room: the processes of the built-in configs hold 0.6 GB at their most and leave 0.17 GB in run folder and cache. */
const LEAST_MEMORY = 2e9;
const LEAST_DISK = 1e9;

/** @param folder where runs and their cache lie */
export const examineMachine = (folder: string): Promise<MachineFinding[]> =>
  Promise.all([
    nodeFinding(process.versions.node),
    memoryFinding(),
    diskFinding(folder),
    gpuFinding(),
    pythonFinding(),
  ]);

export function nodeFinding(version: string): MachineFinding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const works = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const fix = works ? null : `install Node ${LEAST_NODE.join(".")} or newer (nodejs.org)`;
  return { what: "Node", works, detail: version, fix, needed: true };
}

function memoryFinding(): MachineFinding {
  const bytes = memoryBytes();
  const cpu = `${os.availableParallelism()} cores of ${os.cpus()[0]?.model.trim() ?? "an unknown CPU"}`;
  const works = bytes >= LEAST_MEMORY;
  const fix = works ? null : `give it ${bytesText(LEAST_MEMORY)} or more`;
  return {
    what: "memory",
    works,
    detail: `${bytesText(bytes)}, ${bytesText(os.freemem())} free; ${cpu}`,
    fix,
    needed: true,
  };
}

export async function diskFinding(folder: string): Promise<MachineFinding> {
  const there = nearestExisting(resolve(folder));
  const common = { what: "disk", needed: true };
  try {
    accessSync(there, constants.W_OK);
  } catch {
    return {
      ...common,
      works: false,
      detail: `${there} cannot be written`,
      fix: "run in a folder that can be",
    };
  }
  const { bavail, bsize } = await statfs(there);
  const works = bavail * bsize >= LEAST_DISK;
  const fix = works ? null : `free ${bytesText(LEAST_DISK)}, or run in a folder on another disk`;
  return { ...common, works, detail: `${bytesText(bavail * bsize)} free at ${there}`, fix };
}

const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)));

/** By the driver's own tool; nothing is computed. */
async function gpuFinding(): Promise<MachineFinding> {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
  const { stdout, stderr, failed, code } = await execa("nvidia-smi", query, {
    reject: false,
    timeout: 30_000,
  });
  const common = { what: "NVIDIA GPU", needed: false };
  if (!failed) return { ...common, works: true, detail: gpusOf(stdout), fix: null };
  const detail =
    code === "ENOENT"
      ? "no nvidia-smi here: no driver"
      : `nvidia-smi: ${`${stdout}${stderr}`.trim().split("\n")[0]}`;
  return {
    ...common,
    works: false,
    detail,
    fix: "with such a GPU: install NVIDIA's driver (nvidia.com/drivers), in a container its toolkit",
  };
}

/** "2 × NVIDIA H200 (143771 MiB), driver 550.54" from a line a GPU. */
export function gpusOf(csv: string): string {
  const counts = new Map<string, number>();
  for (const line of csv.trim().split("\n")) {
    const [name, memory, driver] = line.split(",").map((cell) => cell.trim());
    const one = `${name} (${memory}), driver ${driver}`;
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return [...counts].map(([one, count]) => (count === 1 ? one : `${count} × ${one}`)).join("; ");
}

async function pythonFinding(): Promise<MachineFinding> {
  const command = process.env.EPG_BENCH_PYTHON || "python3";
  const { stdout, failed } = await execa(command, ["--version"], { reject: false, timeout: 30_000 });
  const common = { what: "Python", needed: false };
  if (!failed)
    return { ...common, works: true, detail: `${stdout.replace(/^Python /, "")} (${command})`, fix: null };
  return {
    ...common,
    works: false,
    detail: `no Python "${command}"`,
    fix: "install Python 3.9 or newer (python.org), or name one by EPG_BENCH_PYTHON; only some backends need it",
  };
}
