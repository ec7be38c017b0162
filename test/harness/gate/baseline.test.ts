import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../harness/errors.ts";
import { defaultGates, loadBaseline, saveBaseline } from "../../../harness/gate/baseline.ts";
import { gate } from "../../../harness/gate/gate.ts";
import { loadResult } from "../../../harness/gate/load.ts";
import { fixtureResult, rowOf } from "../../fixtures/result.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-baseline-"));
});

const userError = (problem: RegExp, exitCode: number = EXIT.usage) =>
  expect.objectContaining({ name: "UserError", message: expect.stringMatching(problem), exitCode });

describe("a baseline file", () => {
  test("comes back as it was saved, and the same run passes against it", async () => {
    const path = join(folder, "deep", "ci.json");
    const saved = await saveBaseline([fixtureResult(1), fixtureResult(2)], path);
    expect(await loadBaseline(path)).toEqual(saved);
    expect(gate(fixtureResult(1), await loadBaseline(path)).exitCode).toBe(EXIT.ok);
  });

  test("holds default gates: counts equal, KID within 5 %, speed told; FD only where n ≥ 5·dims", () => {
    const equal = ["error", { equal: true }];
    const gates = {
      nfe: equal,
      parameters: equal,
      "train-flops": equal,
      "total-train-flops": equal,
      "sample-flops-per-image": equal,
      kid: ["error", { maxWorse: "5%" }],
      throughput: ["warn", { maxWorse: "5%" }],
    };
    const result = fixtureResult();
    expect(defaultGates([result])).toEqual(gates);
    result.run.featureDims = 51;
    expect(defaultGates([result])).toEqual({ ...gates, fd: ["error", { maxWorse: "5%" }] });
  });

  test("is refused for an incomplete run, and nothing is written", async () => {
    const result = fixtureResult();
    result.run.status = "incomplete";
    const path = join(folder, "ci.json");
    await expect(saveBaseline(result, path)).rejects.toThrow(userError(/is incomplete/, EXIT.incomplete));
    await expect(readFile(path)).rejects.toThrow(/ENOENT/);
  });

  test("is refused for runs that do not belong together, or gates that match nothing", async () => {
    const other = fixtureResult(1);
    other.run.samples = 100;
    const path = join(folder, "ci.json");
    await expect(saveBaseline([fixtureResult(), other], path)).rejects.toThrow(
      userError(/run\.samples is 512.*100/),
    );
    await expect(saveBaseline(fixtureResult(), path, { kidd: ["error", { equal: true }] })).rejects.toThrow(
      userError(/"kidd"/),
    );
  });

  test("that cannot be written is a message", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(saveBaseline(fixtureResult(), join(folder, "file", "ci.json"))).rejects.toThrow(
      userError(/cannot be written/),
    );
  });
});

describe("reading", () => {
  test.each([
    [undefined, /ci\.json: no such baseline/],
    ["{ nonsense", /not JSON: unexpected "nonsense" at line 1, column 3/],
    ['{"schemaVersion": 7}', /`schemaVersion` is 7, this epg-bench reads 1/],
    ["[]", /`schemaVersion` is missing/],
    ["null", /`schemaVersion` is missing/],
    ['{"schemaVersion": 1, "gates": {}, "runs": []}', /`runs`/],
    ['{"schemaVersion": 1, "gates": {"kid": ["error"]}, "runs": []}', /`gates\.kid`/],
  ])("%s as a baseline is refused", async (text, problem) => {
    const path = join(folder, "ci.json");
    if (text !== undefined) await writeFile(path, text);
    await expect(loadBaseline(path)).rejects.toThrow(userError(problem));
    await expect(loadBaseline(path)).rejects.toBeInstanceOf(UserError);
  });

  test("a result is read from its folder or its file", async () => {
    const result = fixtureResult();
    await writeFile(join(folder, "result.json"), JSON.stringify(result));
    expect(await loadResult(folder)).toEqual(result);
    expect(await loadResult(join(folder, "result.json"))).toEqual(result);
  });

  test("a result of another version, a broken or an absent one is refused by field", async () => {
    const path = join(folder, "result.json");
    await expect(loadResult(folder)).rejects.toThrow(userError(/result\.json: no such result/));
    await writeFile(path, JSON.stringify({ ...fixtureResult(), schemaVersion: 2 }));
    await expect(loadResult(folder)).rejects.toThrow(
      userError(/`schemaVersion` is 2, this epg-bench reads 1/),
    );
    const spoilt = fixtureResult();
    rowOf(spoilt, "EPG, Heun 16", "nfe").unit = 3 as unknown as string;
    await writeFile(path, JSON.stringify(spoilt));
    await expect(loadResult(folder)).rejects.toThrow(userError(/`results\.\d+\.unit`/));
  });
});
