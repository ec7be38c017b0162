import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const ATOMIC = fileURLToPath(new URL("../../../harness/formats/atomic.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A process that begins a file and says so, with `before` in front. */
function writing(folder: string, before = "") {
  const code = `import { createJiti } from "jiti";
    const { writeAtomically } = await createJiti(${JSON.stringify(ROOT)}).import(${JSON.stringify(ATOMIC)});
    ${before}
    await writeAtomically(${JSON.stringify(join(folder, "file"))}, async (file) => {
      await file.write("half");
      console.log("began");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

const said = (child: ReturnType<typeof writing>): Promise<unknown> =>
  Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then((how) => Promise.reject(new Error(`it ended: ${how}`))),
  ]);

describe.skipIf(process.platform === "win32")("a file on its way", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "is not left behind by %s, which ends the process",
    async (signal) => {
      const folder = temporaryFolder();
      const child = writing(folder);
      await said(child);
      expect(readdirSync(folder)).toHaveLength(1);
      child.kill(signal);
      expect(await once(child, "exit")).toEqual([null, signal]);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it("stays while somebody else takes the signal, and goes when the process ends", async () => {
    const folder = temporaryFolder();
    const child = writing(
      folder,
      "let times = 0; process.on('SIGINT', () => { if (times++ > 0) process.exit(7); console.log('heard'); });",
    );
    await said(child);
    child.kill("SIGINT");
    await said(child);
    expect(readdirSync(folder)).toHaveLength(1);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([7, null]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
