import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { recordFile } from "../../../harness/references/known.ts";
import { registry } from "../../../harness/references/registry.ts";
import { resolveReference } from "../../../harness/references/resolve.ts";
import { weightsFile } from "../../../plugins/features/inception/weights.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { file, serve } from "../references/server.ts";
import { writeReference } from "../references/statistics.ts";
import { exit, printed, watchOutput } from "./command.ts";

vi.mock(import("../../../harness/references/registry.ts"), async (original) => {
  const module = await original();
  const read = structuredClone(module.registry());
  return { ...module, registry: () => read };
});

watchOutput();

let cache: string;
beforeEach(() => {
  cache = join(temporaryFolder(), "cache");
  vi.stubEnv("XDG_CACHE_HOME", cache);
});

/** A small published reference in place of imagenet-64, on a server of the test's own. */
async function published(change: { images?: number } = {}): Promise<Buffer> {
  const path = join(temporaryFolder(), "served.npz");
  await writeReference(path, { side: 64, ...change });
  const content = readFileSync(path);
  const entry = registry().references.find(({ name }) => name === "imagenet-64")!;
  const { url } = await serve(file(content));
  Object.assign(entry, { urls: [`${url}/served.npz`], statistics: { mu: 4 }, images: 3, sha256: null });
  return content;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("reference fetch", () => {
  it("brings a reference under its name, which eval then knows", async () => {
    const content = await published();
    expect(await exit("reference", "fetch", "imagenet-64")).toBe(0);
    const path = join(cache, "epg-bench", "references", "imagenet-64.npz");
    expect(printed.stdout).toBe(`${path}\n`);
    expect(printed.stderr).toMatch(/nobody has published its sha256: what came has [0-9a-f]{64}/);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(await resolveReference("imagenet-64")).toMatchObject({ path, entry: { resolution: 64 } });

    expect(await exit("reference", "fetch", "imagenet-64")).toBe(0);
    expect(printed.stderr).toMatch(/there already/);
  });

  it("says where a file is not as the registry has it, and keeps it", async () => {
    await published({ images: 2 });
    expect(await exit("reference", "fetch", "imagenet-64")).toBe(0);
    expect(printed.stderr).toMatch(/not as the registry has it: arr_0 has 2 images, not 3/);
  });

  it("keeps nothing that is no reference", async () => {
    await published();
    const entry = registry().references.find(({ name }) => name === "imagenet-64")!;
    entry.urls = [(await serve(file(Buffer.from("<html>Log in</html>")))).url];
    expect(await exit("reference", "fetch", "imagenet-64")).toBe(2);
    expect(existsSync(join(cache, "epg-bench", "references", "imagenet-64.npz"))).toBe(false);
  });

  it("suggests names for one that is not known", async () => {
    expect(await exit("reference", "fetch", "imagenet256")).toBe(2);
    expect(printed.stderr).toMatch(/there is no imagenet256: .*\n {2}fix: did you mean "imagenet-256"\?/);
  });
});

it("reference fetch says of one made here where it lies", async () => {
  const entry = registry().references.find(({ name }) => name === "imagenet-64")!;
  const made = {
    file: "/there/mine.npz",
    from: "x",
    extractorId: "x",
    preparation: "x",
    pixels: "x",
    tool: "x",
  };
  mkdirSync(join(recordFile("mine"), ".."), { recursive: true });
  writeFileSync(recordFile("mine"), JSON.stringify({ ...entry, name: "mine", made }));
  expect(await exit("reference", "fetch", "mine")).toBe(2);
  expect(printed.stderr).toContain("fix: name it to eval as it is: it lies at /there/mine.npz\n");
});

describe("reference verify", () => {
  it("tells a file that changed, and one whose content is wrong, from good ones", async () => {
    await published();
    expect(await exit("reference", "verify")).toBe(0);
    expect(printed.stdout).toBe("no reference is on this machine\n");
    await exit("reference", "fetch", "imagenet-64");
    expect(await exit("reference", "verify", "imagenet-64")).toBe(0);
    expect(printed.stdout).toMatch(/imagenet-64: ok, sha256 [0-9a-f]{64}/);

    await writeReference(join(cache, "epg-bench", "references", "imagenet-64.npz"), { images: 9 });
    expect(await exit("reference", "verify")).toBe(2);
    expect(printed.stdout).toMatch(/imagenet-64: .* has the sha256 [0-9a-f]{64}, and had, when it came, /);
    expect(printed.stderr).toMatch(/1 of 1 references are not what they should be/);
  });

  it("asks for a reference that is not there to be fetched", async () => {
    expect(await exit("reference", "verify", "imagenet-256")).toBe(2);
    expect(printed.stderr).toMatch(/imagenet-256 is not on this machine/);
    expect(printed.stderr).toMatch(
      /reference fetch imagenet-256; or put https:.*VIRTUAL_imagenet256_labeled/,
    );
    expect(printed.stderr).toContain(join(cache, "epg-bench", "references", "imagenet-256.npz"));
  });
});

describe("reference list", () => {
  it("shows what is known, and what is here", async () => {
    await published();
    await exit("reference", "fetch", "imagenet-64");
    printed.stdout = "";
    expect(await exit("reference", "list")).toBe(0);
    expect(printed.stdout).toMatch(/^imagenet-64 .* yes {2}/m);
    expect(printed.stdout).toMatch(/^imagenet-512 +512 +1,281,167 +1,000 +inception +adm +uniform +no /m);
  });

  it("gives JSON and nothing else, also into a file", async () => {
    expect(await exit("reference", "list", "--json", "-")).toBe(0);
    const rows = JSON.parse(printed.stdout);
    expect(rows).toHaveLength(registry().references.length);
    expect(rows[0]).toMatchObject({ name: "imagenet-64", present: false, local: false });
    expect(await exit("reference", "list", "--json", join(cache, "absent", "list.json"))).toBe(2);
    expect(printed.stderr).toMatch(/--json: cannot write/);
  });

  it("refuses a record that tells of nothing, by its path", async () => {
    mkdirSync(join(recordFile("x"), ".."), { recursive: true });
    writeFileSync(recordFile("x"), "{}");
    expect(await exit("reference", "list")).toBe(2);
    expect(printed.stderr).toContain(`${recordFile("x")} does not tell of a reference`);
  });
});

describe("fetch", () => {
  it("puts Inception's weights where eval looks for them", async () => {
    vi.stubEnv("EPG_BENCH_INCEPTION", "");
    const content = Buffer.from("weights");
    const entry = registry().weights.find(({ name }) => name === "inception")!;
    const sha256 = "9a129038d018a47d9bd5e51d5e5f1ff1d3b1c8f37af7d3c8d7cd1ea4a9f5d5ba";
    Object.assign(entry, { urls: [(await serve(file(content))).url], bytes: content.length, sha256 });
    expect(await exit("fetch", "inception")).toBe(2);
    expect(printed.stderr).toMatch(/and the file that is wanted 9a12/);
    expect(() => weightsFile(undefined, cache)).toThrow(/not on this machine/);

    entry.sha256 = null;
    expect(await exit("fetch", "inception")).toBe(0);
    expect(weightsFile(undefined, cache)).toBe(printed.stdout.trim());
  });

  it("tells references from weights", async () => {
    expect(await exit("fetch", "imagenet-256")).toBe(2);
    expect(printed.stderr).toMatch(/npx epg-bench reference fetch imagenet-256/);
    expect(await exit("fetch", "incepton")).toBe(2);
    expect(printed.stderr).toMatch(/did you mean "inception"/);
  });
});
