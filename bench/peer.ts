/** A peer: a Python program that answers JSON lines, run where python3 has what it needs. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Tensors } from "../harness/program/index.ts";

export interface Peer {
  ask<Answer>(request: unknown): Promise<Answer>;
  close(): Promise<void>;
}

/** null where python3 or one of `modules` is missing. */
export async function openPeer(script: string, modules: readonly string[]): Promise<Peer | null> {
  const check = await execa("python3", ["-c", modules.map((name) => `import ${name}`).join("; ")], {
    reject: false,
  });
  if (check.exitCode !== 0) return null;
  const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const child = execa("python3", [file], { stderr: "pipe", reject: false, buffer: { stdout: false } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask<Answer>(request: unknown) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended: ${(await child).stderr}`);
      return JSON.parse(value) as Answer;
    },
    async close() {
      child.stdin.end();
      await child;
    },
  };
}

/** A line of JSON [[name, shape], …], then the tensors' float32 bytes. */
export async function tensorFile(tensors: Tensors): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "epg-bench-")), "tensors.bin");
  const header = JSON.stringify(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  const parts = Object.values(tensors).map(({ data }) => Buffer.from(Float32Array.from(data).buffer));
  await writeFile(file, Buffer.concat([Buffer.from(`${header}\n`), ...parts]));
  return file;
}
