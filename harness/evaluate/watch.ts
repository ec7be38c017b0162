/** Scores checkpoints as training writes them: sampled by the user's program, scored, remembered. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { parsedJson } from "../formats/strict-json.ts";
import { type Result, resultSchema } from "../result.ts";
import {
  type Checkpoint,
  checkpointAt,
  checkpointHash,
  checkpointsOf,
  isSame,
  isWithin,
} from "./checkpoints.ts";
import { commandWords, runSampleCommand } from "./sample-command.ts";

export interface Watch {
  /** The folder of checkpoints: each of its files and folders is one. */
  readonly folder: string;
  /** A program and its arguments, with {checkpoint} and {out}: see `commandWords`. */
  readonly sampleCommand: string;
  /** The folder of results: NAME.result.json, NAME.log, and images in NAME.samples for every checkpoint NAME. */
  readonly output: string;
  /** Scores what is there and stops. */
  readonly once: boolean;
  /** What else the scores depend on (reference, weights, tool, metrics …): results of another are made anew. */
  settings(): Promise<string>;
  /** Seconds between two looks; a checkpoint that is the same in both is finished. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Scores a folder or file of images. */
  score(samples: string): Promise<Result>;
  /** A checkpoint has scores: new ones, or those of an earlier watch. */
  scored(name: string, result: Result): void;
  /** A sentence on what goes on, or went wrong. */
  note(line: string): void;
}

export interface Watched {
  readonly scored: number;
  readonly failed: number;
}

const memorySchema = z.strictObject({
  settings: z.string(),
  checkpoints: z.record(
    z.string(),
    z.strictObject({ bytes: z.number(), modified: z.number(), sha256: z.string() }),
  ),
});

type Memory = z.infer<typeof memorySchema>;

/**
 * Until `signal` stops it, or `once` all is scored. A checkpoint that fails is told of and left until it changes.
 * @throws UserError for a command or a folder that cannot be
 */
export async function watch(options: Watch): Promise<Watched> {
  const words = commandWords(options.sampleCommand);
  await requireFolder(options.folder);
  requireApart(resolve(options.output), resolve(options.folder));
  await mkdir(options.output, { recursive: true });
  requireApart(await realpath(options.output), await realpath(options.folder));
  return new Watcher(options, words, await readMemory(options)).run();
}

async function requireFolder(folder: string): Promise<void> {
  await readdir(folder).catch(() => {
    throw new UserError(
      `--watch ${folder}: there is no such folder`,
      "name the folder that checkpoints come into",
    );
  });
}

/** Results among the checkpoints would be taken for some, and images of one might be in another's place. */
function requireApart(output: string, folder: string): void {
  if (isWithin(output, folder))
    throw new UserError(
      `--results ${output} lies in the watched folder ${folder}`,
      "name a folder beside it: all that the watched one holds are checkpoints",
    );
}

const memoryFile = (output: string): string => join(output, "watch.json");

/** What an earlier watch of the same settings scored. */
async function readMemory({ output, settings, sampleCommand, note }: Watch): Promise<Memory> {
  const all = JSON.stringify([await settings(), sampleCommand]);
  const nothing: Memory = { settings: all, checkpoints: {} };
  if (!existsSync(memoryFile(output))) return nothing;
  const found = memorySchema.safeParse(parsedJson(await readFile(memoryFile(output), "utf8")));
  if (found.success && found.data.settings === all) return found.data;
  note(`${memoryFile(output)} is of another command or of other scores: every checkpoint is scored anew`);
  return nothing;
}

class Watcher {
  readonly #options: Watch;
  readonly #words: readonly string[];
  readonly #memory: Memory;
  /** Those that need no second look: scored or failed, as they were then. */
  readonly #settled = new Map<string, Checkpoint>();
  #scored = 0;
  #failed = 0;

  constructor(options: Watch, words: readonly string[], memory: Memory) {
    this.#options = options;
    this.#words = words;
    this.#memory = memory;
  }

  async run(): Promise<Watched> {
    const { folder, seconds, signal, once, note } = this.#options;
    let before = await checkpointsOf(folder);
    while (!signal.aborted) {
      await setTimeout(1000 * seconds, undefined, { signal }).catch(() => {});
      const now = signal.aborted ? [] : await checkpointsOf(folder);
      const finished = now.filter((one) =>
        before.some((other) => other.name === one.name && isSame(one, other)),
      );
      for (const checkpoint of finished) if (!signal.aborted) await this.#take(checkpoint);
      if (once) {
        for (const { name } of now.filter((one) => !finished.includes(one)))
          note(`${name} is still being written: it is not scored`);
        break;
      }
      before = now;
    }
    return { scored: this.#scored, failed: this.#failed };
  }

  async #take(checkpoint: Checkpoint): Promise<void> {
    const { folder, scored, signal, note } = this.#options;
    const { name } = checkpoint;
    const last = this.#settled.get(name);
    if (last && isSame(checkpoint, last)) return;
    const now = await checkpointAt(folder, name);
    // Deleted or written again while another was scored.
    if (!now || !isSame(checkpoint, now)) return;
    try {
      const result = (await this.#remembered(checkpoint)) ?? (await this.#sampleAndScore(checkpoint));
      if (!result) return;
      this.#scored++;
      scored(name, result);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CheckpointFailed || error instanceof UserError)) throw error;
      this.#failed++;
      note(`${name}: ${error.message}`);
    }
    this.#settled.set(name, checkpoint);
  }

  /** The result of an earlier watch for the very same content. */
  async #remembered(checkpoint: Checkpoint): Promise<Result | null> {
    const known = this.#memory.checkpoints[checkpoint.name];
    if (!known || known.bytes !== checkpoint.bytes) return null;
    if (!isSame(checkpoint, known)) {
      if ((await checkpointHash(checkpoint)) !== known.sha256) return null;
      await this.#remember(checkpoint, known.sha256);
    }
    const text = await readFile(this.#file(checkpoint, "result.json"), "utf8").catch(() => "");
    return resultSchema.safeParse(parsedJson(text)).data ?? null;
  }

  /** @returns null where it was stopped */
  async #sampleAndScore(checkpoint: Checkpoint): Promise<Result | null> {
    const { signal, score } = this.#options;
    const sha256 = await checkpointHash(checkpoint);
    const out = this.#file(checkpoint, "samples");
    for (const place of [out, `${out}.npz`]) await rm(place, { recursive: true, force: true });
    await mkdir(out);
    const failure = await runSampleCommand({
      words: this.#words,
      checkpoint: resolve(checkpoint.path),
      out,
      log: this.#file(checkpoint, "log"),
      signal,
    });
    if (signal.aborted) return null;
    if (failure !== null) throw new CheckpointFailed(failure);
    const result = await score(existsSync(`${out}.npz`) ? `${out}.npz` : out);
    await writeFileAtomic(this.#file(checkpoint, "result.json"), `${JSON.stringify(result, null, 2)}\n`);
    await this.#remember(checkpoint, sha256);
    return result;
  }

  async #remember({ name, bytes, modified }: Checkpoint, sha256: string): Promise<void> {
    this.#memory.checkpoints[name] = { bytes, modified, sha256 };
    await writeFileAtomic(memoryFile(this.#options.output), `${JSON.stringify(this.#memory, null, 2)}\n`);
  }

  #file({ name }: Checkpoint, ending: string): string {
    return resolve(this.#options.output, `${name}.${ending}`);
  }
}

class CheckpointFailed extends Error {}
