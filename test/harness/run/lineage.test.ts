import { expect, test } from "vitest";
import { lineageOf } from "../../../harness/run/lineage.ts";
import type { PlannedStage } from "../../../harness/run/plan-stages.ts";
import type { PretrainedFile } from "../../../harness/run/pretrained.ts";

const file = (stage: string) => ({ stage }) as PretrainedFile;
const stage = (name: string, before: readonly string[], files: readonly string[] = []) =>
  ({
    name,
    previous: {
      stages: Object.fromEntries(before.map((one) => [one, ""])),
      pretrained: files.map(file),
    },
  }) as unknown as PlannedStage;

const planned = {
  stages: [
    stage("first", [], ["trunk"]),
    stage("poor network", ["first"]),
    stage("second", ["first"]),
    stage("third", ["second"], ["encoder"]),
  ],
  pretrained: ["trunk", "encoder", "other"].map(file),
};

test.each([
  ["third", ["first", "second", "third"], ["trunk", "encoder"]],
  ["poor network", ["first", "poor network"], ["trunk"]],
  ["other", [], ["other"]],
])("%s came from %j and the files of %j", (name, stages, files) => {
  const found = lineageOf(planned, name);
  expect(found.stages.map((one) => one.name)).toEqual(stages);
  expect(found.pretrained.map((one) => one.stage)).toEqual(files);
});
