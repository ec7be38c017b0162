import { expect, it } from "vitest";
import { imageFolder, npz, shapes } from "../../../plugins/datasets/factories.ts";
import imageFolderPlugin from "../../../plugins/datasets/image-folder/index.ts";
import npzPlugin from "../../../plugins/datasets/npz/index.ts";
import shapesPlugin from "../../../plugins/datasets/shapes/index.ts";

const split = { train: 0.5, reference: 0.3, heldOut: 0.2 };

it.each([
  [shapes(), shapesPlugin],
  [shapes({ resolution: 64, train: 10, reference: 20, heldOut: 30 }), shapesPlugin],
  [
    imageFolder({ folder: "a", resolution: 32, split, unconditional: true, skipUnreadable: true }),
    imageFolderPlugin,
  ],
  [npz({ file: "a.npz", resolution: 32, split, unconditional: true }), npzPlugin],
])("%o is plain data its plugin takes", ({ kind, plugin: name, options }, plugin) => {
  expect([kind, name]).toEqual(["dataset", plugin.name]);
  expect(plugin.schema.parse(options)).toMatchObject(options);
  expect(JSON.parse(JSON.stringify(options))).toEqual(options);
});
