import { expect, it } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import plugin from "../../../../plugins/datasets/announced/index.ts";

const options = { title: "ImageNet-1K", resolution: 256, classes: 1000, train: 1_281_167 };
const context = { seed: 0, cacheFolder: "/nowhere", baseFolder: "/nowhere", threads: 1 };
const open = (more: object = {}) => plugin.open(plugin.schema.parse({ ...options, ...more }), context);

it("has the numbers that were announced, and no images", async () => {
  const dataset = await open();
  expect(dataset).toMatchObject({ name: "ImageNet-1K", resolution: 256 });
  expect(dataset.classes).toHaveLength(1000);
  expect([dataset.train, dataset.reference, dataset.heldOut].map(({ length }) => length)).toEqual([
    1_281_167, 0, 0,
  ]);
  await expect(dataset.train.images([0])).rejects.toThrow(UserError);
  await expect(dataset.train.images([0])).rejects.toThrow("the config announces the data set ImageNet-1K");
  expect(() => dataset.train.label(0)).toThrow(UserError);
  expect(dataset.absent).toMatchObject({ fix: "give the folder of its images with --data" });
});

it("is another for other numbers", async () => {
  const identities = await Promise.all(
    [{}, { classes: 10 }, { train: 5 }].map(async (more) => (await open(more)).identity),
  );
  expect(new Set(identities).size).toBe(3);
});
