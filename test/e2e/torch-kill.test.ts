/** Kills of a run on PyTorch, by `npm run test:kills:torch` alone: it takes half an hour. Python dies too. */
import { it } from "vitest";
import plugin from "../../plugins/backends/torch/index.ts";
import { reasonToSkip } from "../conformance/present.ts";
import { survivesKills } from "./kills.ts";

const asked = process.env.npm_lifecycle_event === "test:kills:torch";
const skipped = asked
  ? await reasonToSkip("torch", async () =>
      (await plugin.open(plugin.schema.parse({ device: "cpu", compile: false }))).close!(),
    )
  : "npm run test:kills:torch";

if (skipped !== null) it.skip(`kills of a run on PyTorch (${skipped})`, () => {});
else
  survivesKills(
    20,
    ["--backend", "torch", "--device", "cpu", "--no-compile"],
    ["run", "worker", "save", "engine"],
  );
