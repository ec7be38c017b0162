import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../../harness/cli/main.ts";
import { writeSafetensors } from "../../../harness/formats/safetensors.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import * as py from "../formats/pickler.ts";

let stdout = "";
let stderr = "";

beforeEach(() => {
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function exit(...argv: string[]): Promise<number> {
  process.exitCode = 0;
  await main(["inspect", ...argv]);
  return process.exitCode as number;
}

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
    expect(await exit(path)).toBe(0);
    expect(stdout).toBe(
      `${path}: safetensors\nw       float32  [2, 1]\nlonger  float32  [2, 1]\nstep: "12"\n`,
    );
    expect(stderr).toBe("");
  });

  it("--json - prints JSON and nothing else, --hash adds the tensors' sha256", async () => {
    expect(await exit(fileOf(writeSafetensors({ w }, { step: "12" })), "--hash", "--json", "-")).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      format: "safetensors",
      tensors: [{ name: "w", dtype: "float32", shape: [2, 1], sha256 }],
      values: {},
      metadata: { step: "12" },
    });
    expect(stderr).toBe("");
  });

  it("spells values that JSON has not", async () => {
    const items: [Buffer, Buffer][] = [
      [py.text("large"), py.integer(2n ** 70n)],
      [py.text("best"), py.float(Number.POSITIVE_INFINITY)],
      [py.text("bytes"), py.bytes(Uint8Array.of(1, 255))],
      [py.text("__proto__"), py.list([py.float(0.5), py.none])],
    ];
    const to = join(temporaryFolder(), "out.json");
    expect(await exit(fileOf(py.pickle(py.dictionary(items))), "--json", to)).toBe(0);
    const text = readFileSync(to, "utf8");
    expect(JSON.parse(text)).toEqual(
      JSON.parse(
        `{"format": "pickle-numpy", "tensors": [], "values":
          {"large": "1180591620717411303424", "best": "Infinity", "bytes": "01ff", "__proto__": [0.5, null]}}`,
      ),
    );
    expect(stdout).toContain('best: "Infinity"\n');
  });

  it("refuses a hostile file with exit code 2, its names made harmless", async () => {
    const path = fileOf(py.pickle(py.call(py.named("os", "sys\x1b[2Jtem"), py.text("touch /tmp/x"))));
    expect(await exit(path, "--json", "-")).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain('byte 2: it asks for "os.sys\\u001b[2Jtem"');
    expect(stderr).not.toContain("\x1b");
  });

  it("finds damage without being asked for hashes", async () => {
    const bytes = py.torchZip([["w", { storage: w, offset: 0, shape: [2], strides: [1] }]]);
    bytes[bytes.indexOf(Buffer.from(w.data.buffer))]! ^= 1;
    expect(await exit(fileOf(bytes))).toBe(2);
    expect(stderr).toContain("x/data/0: its CRC-32 does not fit");
  });

  it("refuses what is not there, and writes nothing", async () => {
    const to = join(temporaryFolder(), "out.json");
    expect(await exit("nowhere.pt", "--json", to)).toBe(2);
    expect(stderr).toBe("error: nowhere.pt: no such file or folder\n");
    expect(existsSync(to)).toBe(false);
  });

  it("counts a folder's files by their content", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.bin"), writeSafetensors({ w }));
    writeFileSync(join(folder, "b"), "text");
    expect(await exit(folder, "--json", "-")).toBe(0);
    const { format, tensors, values } = JSON.parse(stdout);
    expect([format, tensors]).toEqual(["folder", []]);
    expect(values).toMatchObject({ files: 2, "kinds/safetensors": 1, "kinds/other": 1 });
  });
});
