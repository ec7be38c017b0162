/** Small programs in place of Python, and what is said where one is of no use. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";

/** A program that is called as Python is; `frame(header)` writes a frame without tensors, `onRequest` gets each request's bytes. */
export function actor(body: string): { python: string; pidFile: string } {
  const folder = temporaryFolder();
  const python = join(folder, "python");
  const pidFile = join(folder, "pid");
  writeFileSync(
    python,
    `#!${process.execPath}
const { writeFileSync } = require("node:fs");
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
function frame(header) {
  const text = Buffer.from(JSON.stringify({ tensors: [], ...header }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  process.stdout.write(Buffer.concat([Buffer.from("EPGB"), length, text]));
}
const hello = () => frame({ torch: "2.9.0", device: "cpu", ops: ["add"] });
const onRequest = (act) => process.stdin.on("data", act);
process.stdin.on("end", () => process.exit(0));
${body}
`,
  );
  chmodSync(python, 0o755);
  return { python, pidFile };
}

/** Message and fix of the UserError that the attempt ends in. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message, fix, exitCode } = error as UserError;
  expect(exitCode).toBe(2);
  return `${message}\n${fix}`;
}
