import type { Command } from "commander";
import { Option } from "commander";
import type { Overrides, ResolvedConfig } from "../config/index.ts";
import type { Shard } from "../run/shard.ts";
import { shardOf, wholeNumber } from "./arguments.ts";
import { type FollowFlags, follow } from "./follow.ts";

interface RunFlags extends Overrides, FollowFlags {
  readonly config?: string;
  readonly output?: string;
  readonly resume?: string;
  readonly dryRun?: boolean;
  readonly quick?: boolean;
  readonly shard?: Shard;
}

export function define(command: Command): void {
  command
    .option(
      "-c, --config <file>",
      "the config (default: epg-bench.config.* here or above, else the built-in)",
    )
    .option("--data <folder>", "images in place of the config's data set, in class sub-folders or flat")
    .option("--output <folder>", "the run folder (default: .epg-bench/runs/<time>-<config>)")
    .addOption(
      new Option("--resume <folder>", "go on with a run").conflicts([
        "config",
        "data",
        "output",
        "seed",
        "samples",
        "backend",
        "device",
        "python",
        "compile",
        "precision",
        "threads",
        "microBatch",
        "recompute",
        "unconditional",
        "skipUnreadable",
        "against",
        "quick",
        "shard",
      ]),
    )
    .addOption(
      new Option("--shard <i/n>", "sample and look at shard i of n alone, for `epg-bench merge`")
        .argParser(shardOf)
        .conflicts(["json"]),
    )
    .option("--quick", "sample and score only the entries that train nothing: those with weights")
    .option("--dry-run", "print the plan with each stage's FLOPs, run nothing; exit 2 where it could not run")
    .option("--seed <n>", "training seed", wholeNumber(0))
    .option("--samples <n>", "images sampled from each entry", wholeNumber(4))
    .option("--backend <name>", "what computes, in place of the config's: onnxruntime, torch, openvino, tfjs")
    .option(
      "--device <name>",
      "torch: auto, cpu, cuda or mps; tfjs: auto, cpu or cuda; onnxruntime: cpu, cuda or webgpu",
    )
    .option(
      "--python <command>",
      "torch, openvino: the Python that has it (default: EPG_BENCH_PYTHON, or python3)",
    )
    .option("--no-compile", "torch: without torch.compile")
    .addOption(
      new Option("--precision <type>", "torch: what products are computed in (default: f32)").choices([
        "f32",
        "tf32",
        "bf16",
      ]),
    )
    .option("--threads <n>", "threads of the backend", wholeNumber(1))
    .addOption(
      new Option("--gpus <n>", "torch: train on that many GPUs, a process each")
        .argParser(wholeNumber(1))
        .conflicts(["processes"]),
    )
    .option("--processes <n>", "torch: train in that many processes, on the CPU say", wholeNumber(1))
    .option(
      "--micro-batch <n>",
      "train on that many images of a batch at once, the same losses",
      wholeNumber(1),
    )
    .option(
      "--recompute",
      "train with blocks computed anew in the backward pass: less memory, up to a third more work, the same losses",
    )
    .option("--nodes <n>", "torch: train on that many machines: the same command on each", wholeNumber(1))
    .option("--rendezvous <host:port>", "torch: which of them runs, and a free port of it")
    .option("--unconditional", "train and sample without labels")
    .option("--skip-unreadable", "leave unreadable images out instead of stopping at them")
    .addOption(new Option("--against <part>", "score against").choices(["reference", "train"]))
    .option("--json <file>", "write the result there too; - for stdout, in place of the table")
    .option("--quiet", "no progress")
    .option("--no-color", "no colours")
    .action(async (flags: RunFlags) => {
      process.exitCode = await follow((note) => asked(flags, note), flags);
    });
}

async function asked(flags: RunFlags, note: (line: string) => void) {
  const [{ resumedConfig }, { newRunFolder }] = await Promise.all([
    import("../config/index.ts"),
    import("./run-folder.ts"),
  ]);
  const { resume, shard, dryRun = false } = flags;
  if (resume !== undefined)
    return { config: await resumedConfig(resume, flags), folder: resume, resume: true, dryRun };
  const config = await configOf(flags, note);
  return {
    config,
    folder: newRunFolder(flags.output, config.name, new Date()),
    resume: false,
    dryRun,
    shard,
  };
}

async function configOf(flags: RunFlags, note: (line: string) => void): Promise<ResolvedConfig> {
  const { loadConfig } = await import("../config/index.ts");
  const config = await loadConfig({ file: flags.config, folder: process.cwd(), overrides: flags, note });
  return flags.quick ? { ...config, quick: true } : config;
}
