/** Backends, and how models reach them. */
import type { ZodType } from "zod";
import type { Program, Tensors } from "../program/index.ts";

export interface BackendPlugin<Options = never> {
  readonly name: string;
  readonly schema: ZodType<Options>;
  open(options: Options): Promise<Backend>;
  /**
   * Before a run whose options name several machines, the same command on each: brings them together. Null for one machine.
   * Throws where they do not come together; an aborted signal ends the wait.
   */
  gather?(options: Options, host: GatherHost): Promise<Gathered | null>;
  /** What of it works on this machine, with the options' defaults: tried, not guessed. */
  check?(): Promise<readonly Finding[]>;
}

export interface GatherHost {
  /** For whoever waits. */
  note(line: string): void;
  readonly signal: AbortSignal;
}

/** This machine's part in a run on several. */
export type Gathered =
  /** It runs; `leave` tells the others that it has. */
  | { readonly leads: true; leave(): Promise<void> }
  /** It computes for the one that runs, until that has. */
  | { readonly leads: false; serve(): Promise<void> };

/** A part of a plugin that works here, or that is missing. */
export interface Finding {
  /** "torch on cuda", "torch.compile". */
  readonly what: string;
  readonly works: boolean;
  /** Versions and devices; what was found in place of what is needed. */
  readonly detail: string;
  /** The command that adds it; null where it works. */
  readonly fix: string | null;
}

export interface Backend {
  readonly name: string;
  readonly version: string;
  readonly device: string;
  /** Of products; results of different ones are kept apart. */
  readonly precision: "float32" | "tensorfloat32" | "bfloat16";
  readonly threads: number;
  /** That train together; without it, one. Which of them does what changes results by rounding alone: they have one key. */
  readonly processes?: number;
  /**
   * Where the backend has a fast one: A·Bᵀ in float64 of an m×k and an n×k matrix, m×n, over the numbers of `room` where
   * they are enough. The same threads, the same bits.
   */
  readonly product?: (a: Float64Matrix, b: Float64Matrix, room?: Float64Array) => Promise<Float64Matrix>;
  /**
   * Compiles a program and loads its state. A program without updates may bake its state in as constants, or read
   * it where it lies where it is large (above a gigabyte): the caller then leaves it as it is.
   */
  compile(program: Program, state: Tensors): Promise<Executable>;
  /** Most bytes of host memory it has held so far outside this process. */
  peakMemoryBytes?(): number;
  /** Lets go at once what it holds beside its executables: a process, say, which while idle keeps no other alive. */
  close?(): Promise<void>;
}

/** Row after row: element (i, j) is `data[i·cols + j]`. */
export interface Float64Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** State stays where the device is: nothing crosses per run but inputs and outputs. */
export interface Executable {
  readonly program: Program;
  /** Runs once: every read sees the state before it, all updates apply together after it. Outputs are new arrays, the caller's own. */
  run(inputs: Tensors): Promise<Tensors>;
  /**
   * Brings a run's inputs to where it computes, also while another runs: the next to begin, which is given this very object,
   * and told what went wrong with it.
   */
  send?(inputs: Tensors): Promise<void>;
  readState(names?: readonly string[]): Promise<Tensors>;
  writeState(tensors: Tensors): Promise<void>;
  dispose(): Promise<void>;
}

/** What a compiled program is for: calls of "network" are the NFE, those of "decoder" stand apart. */
export type Role = "network" | "decoder" | "encoder" | "extractor";

/** How models reach the backend; every call is counted here. */
export interface Runtime {
  compile(program: Program, state: Tensors, role: Role): Promise<Executable>;
}
