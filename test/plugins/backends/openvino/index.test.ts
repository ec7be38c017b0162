import { beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../../../harness/plugin.ts";
import plugin from "../../../../plugins/backends/openvino/index.ts";
import { backendConforms } from "../../../conformance/backend.ts";
import { backendTrains } from "../../../conformance/backend-training.ts";
import { reasonToSkip } from "../../../conformance/present.ts";
import { actor, refusal } from "../worker/actor.ts";

const open = (options: object) => plugin.open(plugin.schema.parse({ threads: 2, ...options }));

const skipped = await reasonToSkip("openvino", async () => (await open({})).close!());

if (skipped !== null) it.skip(`backend openvino: ${skipped}`, () => {});
else backendConforms("openvino", () => open({}));

const noBfloat16 = await open({ precision: "bf16" }).then(
  (backend) => backend.close!().then(() => null),
  (error: Error) => error.message,
);

describe.skipIf(skipped !== null || noBfloat16 !== null)("backend openvino in bfloat16", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open({ precision: "bf16" });
  });

  it("says so", () => {
    expect(backend.precision).toBe("bfloat16");
  });
  backendTrains(() => backend);
});

describe("openvino refuses", () => {
  it.each([
    [
      "a Python without it",
      `{ refused: "no openvino", python: "3.11.7", found: "No module named 'openvino'" }`,
      /backend openvino: .* has no OpenVINO: No module.*\n.*pip install openvino/,
    ],
    [
      "one that is too old",
      `{ refused: "old openvino", found: "2023.1.0" }`,
      /needs OpenVINO 2024\.4 or newer, .* has 2023\.1\.0\n.*--upgrade openvino/,
    ],
    [
      "a processor without bfloat16",
      `{ refused: "no bfloat16", found: "An Old Processor" }`,
      /bf16 needs .*, An Old Processor has none\n.*float32/,
    ],
    ["what it does not foresee", `{ refused: "the moon" }`, /refuses: the moon/],
  ])("%s", async (_, header, expected) => {
    const { python } = actor(`frame(${header});`);
    expect(await refusal(open({ python }))).toMatch(expected);
  });

  it("no Python at all", async () => {
    expect(await refusal(open({ python: "no-such-python" }))).toMatch(
      /backend openvino: found no Python "no-such-python"\ninstall Python .* OpenVINO/,
    );
  });

  it("options it does not know", () => {
    for (const options of [
      { precision: "fp16" },
      { device: "gpu" },
      { threads: 0 },
      { python: "venv/python" },
    ])
      expect(plugin.schema.safeParse(options).success, JSON.stringify(options)).toBe(false);
  });
});

it("finds what is here: OpenVINO, or the command that adds it", async () => {
  const [finding] = await plugin.check!();
  if (finding!.works) expect(finding).toMatchObject({ what: "openvino on cpu", fix: null });
  else expect(finding!.fix).toMatch(/python|pip/i);
});
