import { describe, expect, it } from "vitest";
import { trace } from "../../harness/program/index.ts";
import { network } from "../../plugins/models/epg/network.ts";
import { expectParity, runOnce } from "./engines.ts";
import { like, picked, runsOf } from "./epg.ts";

const runs = runsOf(/^forward$/);

describe.skipIf(runs.length === 0)("EPG's network (skipped where there are no cases)", () => {
  it.each(runs)("%s", async (_, { one, file, engine }) => {
    const { tensors } = one.read(file);
    const program = trace("forward", (p) => {
      const inputs = [like(p, "x", tensors.x!), like(p, "t", tensors.t!), like(p, "y", tensors.y!)] as const;
      p.output("out", network(p, one.shape, ...inputs));
    });
    expect(program.states.map(({ name }) => name).sort()).toEqual(Object.keys(one.weights()).sort());
    const found = await runOnce(engine, program, one.weights(), picked(tensors, "x", "t", "y"));
    expectParity(engine, found, picked(tensors, "out"));
  });
});
