/** The ONNX files programs are lowered to, by the onnx package where python3 has it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { vitStep } from "../../../../bench/vit.ts";
import {
  add,
  allReduce,
  cast,
  constant,
  gelu,
  gradients,
  greater,
  hostType,
  lower,
  mul,
  type Program,
  sum,
  type Tensors,
  toOnnx,
  trace,
  zeros,
} from "../../../../harness/program/index.ts";
import { CASES, OP_NAMES } from "../../../conformance/ops.ts";
import { caseProgram, floatsOf, ints } from "../../../conformance/ops-case.ts";
import { gradientProgram, isDifferentiable } from "../../../conformance/ops-checks.ts";

interface Summary {
  readonly inputs: Record<string, [type: string, shape: number[]]>;
  readonly outputs: Record<string, [type: string, shape: number[]]>;
  readonly inferred: Record<string, [type: string, shape: number[]]>;
  readonly initializers: Record<string, unknown>;
  readonly opsets: Record<string, number>;
  readonly operators: string[];
}

/** Checks the models in one Python process; throws with its traceback where one is refused. */
function check(models: readonly Uint8Array[]): Summary[] {
  const folder = mkdtempSync(join(tmpdir(), "onnx-check-"));
  try {
    const paths = models.map((bytes, i) => {
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, bytes);
      return path;
    });
    const run = spawnSync("python3", [join(import.meta.dirname, "check.py")], {
      input: JSON.stringify(paths),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout) as Summary[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const checker = spawnSync("python3", ["-c", "import onnx"]).status === 0;
const reason = checker ? "" : " (skipped: python3 has no onnx package)";

const example = (): Program =>
  trace("example", (p) => {
    const x = p.input("x", [2, 3]);
    const w = p.parameter("layer.w", [2, 3], zeros);
    const label = p.input("label", [2], "int32");
    p.output("y", add(mul(x, w), constant(floatsOf([3], [0.5, -1, 2]))));
    p.output("positive", greater(x, 0));
    p.output("label again", label);
    p.output("as float", cast(label, "float32"));
    p.update("layer.w", mul(w, 0.25));
  });

const TYPES = { float32: "FLOAT", int32: "INT32", bool: "BOOL" } as const;

describe.skipIf(!checker)(`by the onnx package${reason}`, () => {
  it("every operation and its gradient: valid, and of the shapes ONNX infers itself", () => {
    const programs = OP_NAMES.flatMap((name) =>
      CASES[name].map((c) => (isDifferentiable(c) ? gradientProgram(c) : caseProgram(c))),
    );
    const summaries = check(programs.map((program) => toOnnx(program)));
    expect(summaries).toHaveLength(programs.length);
    summaries.forEach(({ outputs, inferred }, i) => {
      expect(inferred, programs[i]!.name).toEqual(outputs);
      const declared = Object.entries(programs[i]!.outputs).map(([name, { dtype, shape }]) => [
        name,
        [TYPES[hostType({ dtype, shape })], [...shape]],
      ]);
      expect(outputs, programs[i]!.name).toEqual(Object.fromEntries(declared));
    });
  });

  it("a training step, in the operators of opset 20 alone", () => {
    const [summary] = check([toOnnx(vitStep({ width: 8, blocks: 1, heads: 2, batch: 2, tokens: 3 }))]);
    expect(summary!.opsets).toEqual({ "": 20 });
    expect(summary!.operators).toContain("LayerNormalization");
    expect(summary!.inferred).toEqual(summary!.outputs);
  });

  it("inputs and outputs keep their names; states are `state:` in and `next:` out", () => {
    const [summary] = check([toOnnx(example())]);
    expect(summary!.inputs).toEqual({
      x: ["FLOAT", [2, 3]],
      label: ["INT32", [2]],
      "state:layer.w": ["FLOAT", [2, 3]],
    });
    expect(summary!.outputs).toEqual({
      y: ["FLOAT", [2, 3]],
      positive: ["BOOL", [2, 3]],
      "label again": ["INT32", [2]],
      "as float": ["FLOAT", [2]],
      "next:layer.w": ["FLOAT", [2, 3]],
    });
  });

  it("constants, and states asked for as constants, are initialisers with their data", () => {
    const state: Tensors = { "layer.w": floatsOf([2, 3], [1, 2, 3, 4, 5, 0.5]) };
    const [taken, baked] = check([toOnnx(example()), toOnnx(example(), state)]);
    expect(Object.values(taken!.initializers)).toContainEqual([0.5, -1, 2]);
    expect(Object.values(taken!.initializers)).toContain(0.25);
    expect(taken!.initializers).not.toHaveProperty(["state:layer.w"]);
    expect(baked!.initializers["state:layer.w"]).toEqual([
      [1, 2, 3],
      [4, 5, 0.5],
    ]);
    expect(baked!.inputs).not.toHaveProperty(["state:layer.w"]);
  });

  it("float64, integer and boolean constants in the types ONNX stores", () => {
    const program = trace("constants", (p) => {
      p.output("pi", constant({ dtype: "float32", shape: [2], data: Float64Array.of(Math.PI, -0.1) }));
      p.output("whole", constant(ints([3], [-1, 2 ** 30, 7])));
      p.output("flags", constant({ dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) }));
    });
    const values = Object.values(check([toOnnx(program)])[0]!.initializers);
    expect(values).toEqual([
      [Math.fround(Math.PI), Math.fround(-0.1)],
      [-1, 2 ** 30, 7],
      [true, false],
    ]);
  });
});

describe("toOnnx", () => {
  it("gives equal programs equal bytes, whatever was traced between", () => {
    const vit = () => toOnnx(vitStep({ width: 8, blocks: 2, heads: 2, batch: 2, tokens: 3 }));
    const first = vit();
    example();
    expect(Buffer.compare(vit(), first)).toBe(0);
    expect(Buffer.compare(toOnnx(example()), toOnnx(example()))).toBe(0);
  });

  it("gives other bytes for another constant, another attribute, another shape", () => {
    const scaled = (by: number, side: number) =>
      toOnnx(
        trace("t", (p) => {
          p.output("y", mul(p.input("x", [side]), by));
        }),
      );
    const distinct = new Set(
      [scaled(1, 2), scaled(2, 2), scaled(1, 3)].map((b) => Buffer.from(b).toString("hex")),
    );
    expect(distinct.size).toBe(3);
  });

  it("leaves no operation to be decomposed", () => {
    const lowered = lower(vitStep({ width: 8, blocks: 1, heads: 2, batch: 2, tokens: 3 }));
    expect(lowered.nodes.filter(({ op }) => op.onnx === "decompose")).toEqual([]);
  });

  it("keeps a GELU whole, but where its gradient shares its parts", () => {
    const names = (training: boolean): string[] => {
      const program = trace("t", (p) => {
        const y = sum(gelu(p.parameter("w", [3], zeros)));
        p.output("y", y);
        if (training) p.output("g", gradients(y, [p.read("w")])[0]!);
      });
      return lower(program).nodes.map(({ op }) => op.name);
    };
    expect(names(false)).toContain("gelu");
    expect(names(true)).not.toContain("gelu");
    expect(names(true).filter((name) => name === "erf")).toHaveLength(1);
  });

  it("refuses a program of several processes", () => {
    const program = trace("t", (p) => {
      p.output("y", allReduce(p.input("x", [2]), 4));
    });
    expect(() => toOnnx(program)).toThrow("allReduce: ONNX programs run on one process, got world 4");
  });
});
