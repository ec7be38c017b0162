import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { npyHeader } from "../../../harness/formats/npy-header.ts";
import { asBytes, type NumericArray } from "../../../harness/formats/numeric-array.ts";
import { openTensors } from "../../../harness/formats/open-tensors.ts";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import { readTensor } from "../../../harness/formats/tensor-file.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { expectUnharmed } from "../../parity/manifest.ts";
import { arrays, damaged, damages } from "./arbitrary.ts";
import * as py from "./pickler.ts";
import { zipFile } from "./zip-writer.ts";

const array: NumericArray = { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const saved: py.Saved = { storage: array, offset: 1, shape: [2, 2], strides: [1, 3] };

/** One of each format. */
const FILES: Readonly<Record<string, Buffer>> = {
  npy: Buffer.concat([npyHeader(array.dtype, array.shape), asBytes(array.data)]),
  npz: zipFile([["a.npy", Buffer.concat([npyHeader(array.dtype, array.shape), asBytes(array.data)])]]),
  safetensors: writeSafetensors({ a: array }),
  "torch-zip": py.torchZip([["a", saved]]),
  "torch-zip, deflated": py.torchZip([["a", saved]], true),
  "torch-legacy": py.torchLegacy([["a", saved]]),
  "pickle-numpy": py.pickle(py.dictionary([[py.text("n"), py.integer(1)]])),
};

/** Everything in a file. */
async function readAll(path: string): Promise<Record<string, NumericArray>> {
  const file = await openTensors(path);
  try {
    const found: Record<string, NumericArray> = Object.create(null);
    for (const [name, tensor] of file.tensors) found[name] = await readTensor(tensor);
    return found;
  } finally {
    await file.close();
  }
}

describe("openTensors", () => {
  it.each(Object.entries(FILES))("knows %s by its content, whatever its name", async (format, bytes) => {
    const path = join(temporaryFolder(), "model.txt");
    writeFileSync(path, bytes);
    const file = await openTensors(path);
    await file.close();
    expect(file.format).toBe(format.replace(", deflated", ""));
  });

  it.each<[string, Buffer | string, string]>([
    ["nothing", "", "it is empty"],
    ["a page", "<!doctype html>", 'begins with "<!doctype html>"'],
    ["a pointer", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"],
    ["an image", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "its content is png"],
    ["other JSON", `{"model_type": "dit", "a": [{"b": 1}]}`, "the index of a sharded checkpoint has one"],
    ["another archive", zipFile([["readme.txt", Buffer.from("x")]]), "neither a member data.pkl"],
    [
      "TorchScript",
      zipFile([
        ["x/data.pkl", py.pickle(py.none)],
        ["x/constants.pkl", py.pickle(py.none)],
      ]),
      "TorchScript",
    ],
    [
      "two checkpoints in one",
      zipFile([
        ["x/data.pkl", py.pickle(py.none)],
        ["y/data.pkl", py.pickle(py.none)],
      ]),
      "2 folders",
    ],
    ["bytes behind a pickle", Buffer.concat([py.pickle(py.none), Buffer.of(0)]), "1 more bytes behind"],
    [
      "bytes behind the storages",
      Buffer.concat([FILES["torch-legacy"]!, Buffer.of(0)]),
      "belong to no storage",
    ],
    ["half a checkpoint", FILES["torch-legacy"]!.subarray(0, -1), "23 left"],
  ])("refuses %s", async (_, bytes, problem) => {
    const path = join(temporaryFolder(), "x.pt");
    writeFileSync(path, bytes);
    await expect(openTensors(path)).rejects.toThrow(FormatError);
    await expect(openTensors(path)).rejects.toThrow(problem);
  });

  it.each(Object.entries(FILES))(
    "a damaged file (%s) is refused or read, and nothing else happens",
    async (_, bytes) => {
      const path = join(temporaryFolder(), "x");
      await fc.assert(
        fc.asyncProperty(damages, async (changes) => {
          writeFileSync(path, damaged(bytes, bytes.length, changes));
          try {
            await readAll(path);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }),
        { numRuns: 400 },
      );
      expectUnharmed();
    },
  );

  it("random bytes are refused", async () => {
    const path = join(temporaryFolder(), "x");
    const starts = Object.values(FILES).map((bytes) => bytes.subarray(0, 12));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 600 }), async (start, rest) => {
        writeFileSync(path, Buffer.concat([start, rest]));
        await expect(openTensors(path)).rejects.toThrow(FormatError);
      }),
      { numRuns: 300 },
    );
  });
});

/** A view of an array: some axes cut short, transposed or repeated. */
const views: fc.Arbitrary<py.Saved> = arrays(py.TORCH_TYPES)
  .filter(({ data }) => data.length > 0)
  .chain((storage) =>
    fc
      .record({
        shape: fc.array(fc.nat(3), { maxLength: 3 }),
        strides: fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }),
        offset: fc.nat(storage.data.length - 1),
      })
      .map(({ shape, strides, offset }) => ({
        storage,
        shape,
        strides: strides.slice(0, shape.length),
        offset,
      })),
  );

const lastOf = ({ shape, strides, offset }: py.Saved): number =>
  shape.reduce((last, side, axis) => last + (side - 1) * strides[axis]!, offset);

describe("PyTorch's views", () => {
  it("read element by element where they lie in their storage, and are refused where not", async () => {
    const path = join(temporaryFolder(), "x");
    await fc.assert(
      fc.asyncProperty(views, fc.constantFrom("zip", "deflated", "legacy"), async (view, how) => {
        const state = [["w", view]] as const;
        writeFileSync(
          path,
          how === "legacy" ? py.torchLegacy(state) : py.torchZip(state, how === "deflated"),
        );
        if (!view.shape.includes(0) && lastOf(view) >= view.storage.data.length) {
          await expect(readAll(path)).rejects.toThrow("of a storage of");
          return;
        }
        const { w } = await readAll(path);
        expect([w!.dtype, w!.shape]).toEqual([view.storage.dtype, view.shape]);
        expect(Buffer.from(asBytes(w!.data)).equals(py.viewed(view))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("are refused where they repeat their storage without end", async () => {
    const path = join(temporaryFolder(), "x");
    writeFileSync(path, py.torchZip([["w", { ...saved, shape: [2 ** 20, 2 ** 20], strides: [0, 0] }]]));
    await expect(openTensors(path)).rejects.toThrow("its tensors take 4398046511104 bytes");
  });

  it("of big-endian machines are turned round", async () => {
    const path = join(temporaryFolder(), "x");
    const bytes = Buffer.from(asBytes(array.data)).swap32();
    const storage = { ...array, data: new Float32Array(Uint8Array.from(bytes).buffer) };
    const members = [
      [
        "x/data.pkl",
        py.pickle(
          py.dictionary([[py.text("a"), py.tensor({ storage, offset: 0, shape: [6], strides: [1] }, "0")]]),
        ),
      ],
      ["x/byteorder", Buffer.from("big")],
      ["x/data/0", bytes],
    ] as const;
    writeFileSync(path, zipFile(members));
    expect((await readAll(path)).a!.data).toEqual(array.data);
  });

  it("share the storage that one pass has checked", async () => {
    const path = join(temporaryFolder(), "x");
    const view = (offset: number): py.Saved => ({ storage: array, offset, shape: [2], strides: [1] });
    const state = [py.text("a"), py.tensor(view(0), "0"), py.text("b"), py.tensor(view(4), "0")] as const;
    writeFileSync(
      path,
      zipFile([
        [
          "x/data.pkl",
          py.pickle(
            py.dictionary([
              [state[0], state[1]],
              [state[2], state[3]],
            ]),
          ),
        ],
        ["x/data/0", asBytes(array.data)],
      ]),
    );
    const { a, b } = await readAll(path);
    expect([a!.data, b!.data]).toEqual([Float32Array.of(1, 2), Float32Array.of(5, 6)]);
  });
});

describe("sharded safetensors", () => {
  const index = (map: unknown): string => JSON.stringify({ metadata: { total_size: 24 }, weight_map: map });

  /** The index's path, beside one shard. */
  function folderWith(text: string): string {
    const folder = join(temporaryFolder(), "model");
    mkdirSync(folder);
    writeFileSync(join(folder, "one.safetensors"), FILES.safetensors!);
    writeFileSync(join(folder, "..", "outside.safetensors"), FILES.safetensors!);
    writeFileSync(join(folder, "index.json"), text);
    return join(folder, "index.json");
  }

  it("read through their index", async () => {
    expect(await readAll(folderWith(index({ a: "one.safetensors" })))).toEqual({ a: array });
  });

  it.each<[string, unknown, string]>([
    ["outside the folder", { a: "../outside.safetensors" }, "not the name of a file beside"],
    ["at an absolute path", { a: "/etc/passwd" }, "not the name of a file beside"],
    ["the folder itself", { a: ".." }, "not the name of a file beside"],
    ["that is no text", { a: 1 }, "not the name of a file beside"],
    ["that is missing", { a: "two.safetensors" }, "the shard two.safetensors is missing"],
    ["that lacks the tensor", { b: "one.safetensors" }, "one.safetensors has no such tensor"],
    ["that is an index", { a: "index.json" }, "length field"],
    ["in no map", [], "the index of a sharded checkpoint has one"],
  ])("refuse a shard %s", async (_, map, problem) => {
    const path = folderWith(index(map));
    await expect(openTensors(path)).rejects.toThrow(FormatError);
    await expect(openTensors(path)).rejects.toThrow(problem);
  });

  it("refuse an index with a name twice", async () => {
    const path = folderWith(`{"weight_map": {"a": "one.safetensors", "a": "one.safetensors"}}`);
    await expect(openTensors(path)).rejects.toThrow('the key "a" occurs twice');
  });
});
