import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import { networkShape } from "../../../plugins/models/epg/sizes.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { prefixed, randomWeights } from "../../plugins/models/epg/weights.ts";
import * as py from "../formats/pickler.ts";
import { exit, printed, watchOutput } from "./command.ts";

watchOutput();

const inspect = (...argv: string[]): Promise<number> => exit("inspect", ...argv);

function fileOf(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, bytes);
  return path;
}

const w = { dtype: "float32", shape: [2, 1], data: Float32Array.of(1, 2) } as const;
const sha256 = createHash("sha256").update(new Uint8Array(w.data.buffer)).digest("hex");

describe("inspect", () => {
  it("prints what a file holds", async () => {
    const path = fileOf(writeSafetensors({ w, longer: w }, { step: "12" }));
    expect(await inspect(path)).toBe(0);
    expect(printed.stdout).toBe(
      `${path}: safetensors\nw       float32  [2, 1]\nlonger  float32  [2, 1]\nstep: 12\n`,
    );
    expect(printed.stderr).toBe("");
  });

  it("--json - prints JSON and nothing else, --hash adds the tensors' sha256", async () => {
    expect(await inspect(fileOf(writeSafetensors({ w }, { step: "12" })), "--hash", "--json", "-")).toBe(0);
    expect(JSON.parse(printed.stdout)).toEqual({
      format: "safetensors",
      tensors: [{ name: "w", dtype: "float32", shape: [2, 1], sha256 }],
      values: {},
      metadata: { step: "12" },
    });
    expect(printed.stderr).toBe("");
  });

  it("names the network it recognises, and what it lacks", async () => {
    const { "norm.bias": left, ...tensors } = randomWeights(
      networkShape("tiny", { resolution: 32, classes: 8 }),
    );
    const path = fileOf(writeSafetensors(prefixed("ema/", tensors)));
    expect(await inspect(path)).toBe(0);
    const [head, network, lack, tensor] = printed.stdout.split("\n");
    expect([head, network, lack]).toEqual([
      `${path}: safetensors`,
      "EPG tiny, 32 px, 8 classes: 2.5 M numbers; part: ema (under ema/)",
      "  missing (1): norm.bias",
    ]);
    expect(tensor).toMatch(/^ema\//);
    expect(printed.stdout).not.toContain("surplus");
    expect(left!.shape).toEqual([192]);
    const to = join(temporaryFolder(), "out.json");
    await inspect(path, "--json", to);
    const { model } = JSON.parse(readFileSync(to, "utf8")) as { model: { missing: string[] }[] };
    expect(model).toMatchObject([{ family: "EPG", role: "ema", prefix: "ema/", missing: ["norm.bias"] }]);
  });

  it("spells values that JSON has not", async () => {
    const items: [Buffer, Buffer][] = [
      [py.text("large"), py.integer(2n ** 70n)],
      [py.text("best"), py.float(Number.POSITIVE_INFINITY)],
      [py.text("bytes"), py.bytes(Uint8Array.of(1, 255))],
      [py.text("__proto__"), py.list([py.float(0.5), py.none])],
    ];
    const to = join(temporaryFolder(), "out.json");
    expect(await inspect(fileOf(py.pickle(py.dictionary(items))), "--json", to)).toBe(0);
    const text = readFileSync(to, "utf8");
    expect(JSON.parse(text)).toEqual(
      JSON.parse(
        `{"format": "pickle-numpy", "tensors": [], "values":
          {"large": "1180591620717411303424", "best": "Infinity", "bytes": "01ff", "__proto__": [0.5, null]}}`,
      ),
    );
    expect(printed.stdout).toContain('best: "Infinity"\n');
  });

  it("refuses a hostile file with exit code 2, its names made harmless", async () => {
    const path = fileOf(py.pickle(py.call(py.named("os", "sys\x1b[2Jtem"), py.text("touch /tmp/x"))));
    expect(await inspect(path, "--json", "-")).toBe(2);
    expect(printed.stdout).toBe("");
    expect(printed.stderr).toContain('byte 2: it asks for "os.sys\\u001b[2Jtem"');
    expect(printed.stderr).not.toContain("\x1b");
  });

  it("finds damage without being asked for hashes", async () => {
    const bytes = py.torchZip([["w", { storage: w, offset: 0, shape: [2], strides: [1] }]]);
    bytes[bytes.indexOf(Buffer.from(w.data.buffer))]! ^= 1;
    expect(await inspect(fileOf(bytes))).toBe(2);
    expect(printed.stderr).toContain("x/data/0: its CRC-32 does not fit");
  });

  it("refuses what is not there, and writes nothing", async () => {
    const to = join(temporaryFolder(), "out.json");
    expect(await inspect("nowhere.pt", "--json", to)).toBe(2);
    expect(printed.stderr).toBe("error: nowhere.pt: no such file or folder\n");
    expect(existsSync(to)).toBe(false);
  });

  it("counts a folder's files by their content", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.bin"), writeSafetensors({ w }));
    writeFileSync(join(folder, "b"), "text");
    expect(await inspect(folder, "--json", "-")).toBe(0);
    const { format, tensors, values } = JSON.parse(printed.stdout);
    expect([format, tensors]).toEqual(["folder", []]);
    expect(values).toMatchObject({ files: 2, "kinds/safetensors": 1, "kinds/other": 1 });
  });
});
