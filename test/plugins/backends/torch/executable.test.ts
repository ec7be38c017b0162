/** What goes to a worker and what is believed of its answers; none of this needs PyTorch. */
import { expect, it } from "vitest";
import {
  attention,
  clip,
  mul,
  OPS,
  type Program,
  type Tensors,
  trace,
  zeros,
} from "../../../../harness/program/index.ts";
import { compile } from "../../../../plugins/backends/torch/compile.ts";
import { spell } from "../../../../plugins/backends/torch/spell.ts";
import type { TorchWorker } from "../../../../plugins/backends/torch/worker.ts";
import type { Payloads } from "../../../../plugins/backends/worker/frames.ts";

const program = trace("triple", (p) => {
  p.output("y", mul(mul(p.input("x", [2]), 3), p.parameter("w", [2], zeros)));
});
const [x, w] = [Float32Array.of(1, 2), Float32Array.of(5, 7)].map(
  (data) => ({ dtype: "float32", shape: [2], data }) as const,
);

/** A worker that answers every request alike, but for one kind, which it refuses. */
function acting(answer: Payloads, ops: readonly string[] = Object.keys(OPS), refused = "") {
  const asked: { header: Readonly<Record<string, unknown>>; tensors: Payloads }[] = [];
  const hello = {
    python: "3",
    torch: "2.9.0",
    cuda: null,
    device: "cpu",
    devices: ["cpu"],
    gpus: 0,
    lacking: [],
  };
  const worker: TorchWorker = {
    hello: { ...hello, ops },
    async ask(_, header, tensors = {}, onWritten = () => {}) {
      asked.push({ header, tensors });
      onWritten();
      if (header.do === refused) throw new Error(`no ${refused}`);
      return answer;
    },
    peakMemoryBytes: () => 0,
    busySeconds: () => 0,
    close: async () => {},
  };
  return { worker, asked };
}

const running = (answer: Payloads): Promise<Tensors> =>
  compile(acting(answer).worker, program, { w: w! }).then((executable) => executable.run({ x: x! }));

it("sends a program once, with its constants and its state, and then inputs alone", async () => {
  const { worker, asked } = acting({ y: x! });
  const executable = await compile(worker, program, { w: w!, other: x! });
  await executable.run({ x: x! });
  expect(asked.map(({ header, tensors }) => [header.do, Object.keys(tensors)])).toEqual([
    ["compile", ["constant 0", "state w"]],
    ["run", ["x"]],
  ]);
  expect(asked[0]!.tensors["constant 0"]).toEqual({ dtype: "float32", shape: [], data: Float32Array.of(3) });
  expect(asked[1]!.header.program).toBe(asked[0]!.header.program);
});

it("sends inputs ahead, once, and runs on them only where it is given them", async () => {
  const { worker, asked } = acting({ y: x! });
  const executable = await compile(worker, program, { w: w! });
  const [ahead, other] = [{ x: x! }, { x: w! }];
  await executable.send!(ahead);
  await executable.run(ahead);
  await executable.run(ahead);
  await executable.send!(ahead);
  await executable.run(other);
  expect(asked.slice(1).map(({ header, tensors }) => [header.do, header.sent, tensors.x?.data])).toEqual([
    ["send", undefined, x!.data],
    ["run", true, undefined],
    ["run", false, x!.data],
    ["send", undefined, x!.data],
    ["run", false, w!.data],
  ]);
  await expect(executable.send!({})).rejects.toThrow("x");
});

it("tells with a run that its inputs were not taken", async () => {
  const executable = await compile(acting({ y: x! }, undefined, "send").worker, program, { w: w! });
  const ahead = { x: x! };
  await executable.send!(ahead);
  await expect(executable.run(ahead)).rejects.toThrow("no send");
  expect((await executable.run(ahead)).y).toEqual(x);
});

it("refuses a program with operations that the worker does not know", async () => {
  await expect(compile(acting({}, ["constant"]).worker, program, { w: w! })).rejects.toThrow(
    "backend torch: the program triple has operations its worker does not know: mul",
  );
});

it.each([
  ["none", {}, "sent none"],
  ["another shape", { y: { ...x!, shape: [2, 1] } }, "sent float32 [2,1]"],
  [
    "another element type",
    { y: { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) } },
    "sent int32 [2]",
  ],
] as const)("does not believe an output that is %s", async (_, answer, message) => {
  await expect(running(answer)).rejects.toThrow(`y is float32 [2], its worker ${message}`);
});

it("spells infinities, which JSON has not, and which outputs are read", () => {
  const spelled = (body: Parameters<typeof trace>[1]): Program => trace("p", body);
  const limited = spell(spelled((p) => p.output("y", clip(p.input("x", [2]), 0, Infinity))));
  expect(limited.spec.nodes[0]![2]).toEqual({ low: 0, high: "Infinity" });
  const attending = spell(
    spelled((p) => {
      const q = p.input("q", [1, 1, 2, 2]);
      p.output("y", attention(q, q, q));
    }),
  );
  expect(attending.spec.nodes[0]![3].map(([, shape, read]) => [shape, read])).toEqual([
    [[1, 1, 2, 2], true],
    [[1, 1, 2], false],
  ]);
});
