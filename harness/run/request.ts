/** What a run is asked for, and what it comes to. */
import type { ResolvedConfig } from "../config/index.ts";
import type { UserError } from "../errors.ts";
import type { Result } from "../result.ts";
import type { Clock } from "./journal.ts";
import type { Progress } from "./progress.ts";
import type { Shard } from "./shard.ts";
import type { ShardFolder } from "./shard-folders.ts";

export interface RunRequest {
  readonly config: ResolvedConfig;
  /** The run folder, exactly. */
  readonly folder: string;
  readonly resume: boolean;
  /** Print the plan, run nothing. */
  readonly dryRun: boolean;
  readonly progress: Progress;
  /** Aborted: stop at the next safe point. */
  readonly signal: AbortSignal;
  /** The command that makes this run again. */
  readonly command: string;
  readonly clock?: Clock;
  /** One shard's part alone; a resumed run knows its own. */
  readonly shard?: Shard | undefined;
  /** What was made in shards and is here put together. */
  readonly merged?: readonly ShardFolder[] | undefined;
}

export type RunOutcome =
  | { readonly kind: "finished"; readonly result: Result; readonly folder: string; readonly exitCode: number }
  /** A shard; `failures`: a sentence for everything that it could not make. */
  | {
      readonly kind: "shared";
      readonly folder: string;
      readonly shard: Shard;
      readonly failures: readonly string[];
    }
  /** `lack`: why it could not run yet; null where it could. */
  | { readonly kind: "planned"; readonly plan: string; readonly lack: UserError | null }
  /** This machine computed for another one's run, or was stopped before any ran. */
  | { readonly kind: "served" }
  | { readonly kind: "stopped"; readonly folder: string; readonly reason: string };
