/** The life of a worker (PyTorch's), acted by small programs in place of Python: none of this needs PyTorch. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startTorch, type TorchWorker } from "../../../../plugins/backends/torch/worker.ts";
import { actor, refusal } from "./actor.ts";

const LIMITS = { startSeconds: 20, answerSeconds: 20 };

const start = (body: string, limits = LIMITS): Promise<TorchWorker> =>
  startTorch({ python: actor(body).python, device: "auto", threads: 1, compile: false, tf32: false }, limits);

describe("a worker that does not start", () => {
  it("has no such Python", async () => {
    const attempt = startTorch(
      { python: "no-such-python", device: "auto", threads: 1, compile: false, tf32: false },
      LIMITS,
    );
    expect(await refusal(attempt)).toMatch(/found no Python "no-such-python"\ninstall Python .*--python/);
  });

  it.each([
    [
      "no torch",
      `{ refused: "no torch", python: "3.11.7", found: "No module named 'torch'" }`,
      /pip install/,
    ],
    ["old torch", `{ refused: "old torch", found: "2.1.0" }`, /needs PyTorch 2\.4.*has 2\.1\.0\n.*--upgrade/],
    [
      "no device",
      `{ refused: "no device", found: ["cpu"], torch: "2.9.0+cpu", cuda: null }`,
      /no device "auto": PyTorch 2\.9\.0\+cpu \(built without CUDA\) finds cpu\n/,
    ],
    ["no compiler", `{ refused: "no compiler", found: ["the C++ compiler g++"] }`, /g\+\+.*\n.*--no-compile/],
    ["anything else", `{ refused: "the moon" }`, /refuses: the moon/],
  ])("refuses for %s, and says how to mend it", async (_, header, expected) => {
    expect(await refusal(start(`frame(${header});`))).toMatch(expected);
  });

  it.each([
    ["ends", `console.error("Illegal instruction"); process.exit(3);`, /exit code 3.*Illegal instruction/],
    ["prints something else", `console.log("Python 2.7");`, /answer began with "Python 2"/],
    ["prints less than a frame", `process.stdout.write("EPG"); process.exit(0);`, /broke off/],
    ["sends no JSON", `process.stdout.write("EPGB\\x02\\0\\0\\0{x");`, /not JSON/],
    ["sends a header without tensors", `frame({ tensors: 3 });`, /lists no tensors/],
    [
      "sends a header beyond measure",
      `process.stdout.write("EPGB\\xff\\xff\\xff\\x7f", "latin1");`,
      /header has/,
    ],
  ])("%s before it says what it is", async (_, body, expected) => {
    expect(await refusal(start(body))).toMatch(expected);
  });

  it("is silent: it is ended", async () => {
    const { python, pidFile } = actor("setInterval(() => {}, 1000);");
    const limits = { ...LIMITS, startSeconds: 1 };
    const attempt = startTorch({ python, device: "auto", threads: 1, compile: false, tf32: false }, limits);
    expect(await refusal(attempt)).toMatch(/no answer came within 1 s/);
    await gone(pidFile);
  });
});

describe("a worker that fails at work", () => {
  it("tells an error of a request, and answers the next one", async () => {
    const worker = await start(`hello();
      let n = 0;
      onRequest(() => frame(n++ === 0 ? { error: "RuntimeError: no", kind: "compiler" } : {}));`);
    await expect(worker.ask("running a", { do: "run" })).rejects.toThrow(
      /^torch: running a: RuntimeError: no; --no-compile/,
    );
    expect(await worker.ask("running a", { do: "run" })).toEqual({});
    await worker.close();
  });

  it("is written the next request while it is at one, and answers them in their order", async () => {
    // Only once all has come is anything answered.
    const worker = await start(`hello();
      let bytes = 0;
      onRequest((part) => {
        bytes += part.length;
        if (bytes < 3 * 4_000_000) return;
        frame({ seconds: 1 });
        frame({});
        frame({ error: "ValueError: the third", kind: "other" });
      });`);
    const x = { dtype: "float32", shape: [1_000_000], data: new Float32Array(1_000_000) } as const;
    const first = worker.ask("running a", {}, { x });
    const written = new Promise<void>((resolve) => {
      worker.ask("sending to a", {}, { x }, resolve).catch(() => {});
    });
    await written;
    const third = worker.ask("running b", {}, { x });
    expect(await first).toEqual({});
    expect(worker.busySeconds()).toBe(1);
    await expect(third).rejects.toThrow("running b: ValueError: the third");
    await worker.close();
  });

  it.each([
    ["is killed", `process.kill(process.pid, "SIGKILL")`, /running a: .* was killed by SIGKILL \(.*memory/],
    ["crashes", `{ console.error("Segmentation"); process.exit(139); }`, /exit code 139.*Segmentation/],
    ["answers garbage", `process.stdout.write("hello, world")`, /began with "hello, w"/],
    ["breaks off an answer", `{ process.stdout.write("EPGB\\x09"); process.exit(0); }`, /broke off/],
    ["is silent", `{}`, /no answer came within 1 s/],
  ])("%s: that and every later request says so", async (_, act, expected) => {
    const worker = await start(`hello(); onRequest(() => ${act});`, { startSeconds: 20, answerSeconds: 1 });
    const asked = [worker.ask("running a", { do: "run" }), worker.ask("reading a", { do: "read" })];
    for (const request of asked) await expect(request).rejects.toThrow(expected);
    await worker.close();
  });

  it("is ended when it is closed", async () => {
    const { python, pidFile } = actor("hello();");
    const worker = await startTorch(
      { python, device: "auto", threads: 1, compile: false, tf32: false },
      LIMITS,
    );
    await worker.close();
    await gone(pidFile);
    await expect(worker.ask("running a", {})).rejects.toThrow("closed");
  });
});

/** Until no process of that id lives. */
async function gone(pidFile: string): Promise<void> {
  expect(existsSync(pidFile)).toBe(true);
  const pid = Number(readFileSync(pidFile, "utf8"));
  await expect
    .poll(() => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    })
    .toBe(false);
}
