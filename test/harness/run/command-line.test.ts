import { expect, test } from "vitest";
import { shellLine, withoutFolders } from "../../../harness/run/command-line.ts";

test.each([
  ["--run '/home/Jo Doe/runs/x'", "--run x"],
  ["-c ../../home/jo/x.ts", "-c x.ts"],
  ["-c/home/jo/x.ts", "-cx.ts"],
  ["--data=file:/home/jo/x.ts", "--data=file:x.ts"],
  ["file:///home/jo/x.ts", "file://x.ts"],
  ["--data runs/../../jo/x.ts", "--data x.ts"],
  ["~/x.ts ~jo/y.ts", "x.ts y.ts"],
  [String.raw`--out 'C:\Users\Jo Doe\x.ts'`, "--out x.ts"],
  [String.raw`"/home/Jo \"D\" Doe/a b" /home/Jo\ Doe/y`, "'a b' y"],
  [`'/home/Jo O'\\''Neil/runs/x'`, "x"],
  ["/home/jo/runs/", "runs"],
])("%s becomes %s", (line, published) => {
  expect(withoutFolders(`npx epg-bench run ${line}`)).toBe(`npx epg-bench run ${published}`);
});

test.each([
  "npx epg-bench run -c configs/x.config.ts --output .epg-bench/runs/x --seed 0",
  "npx epg-bench export safetensors ./runs/x 'EPG, Heun 16' --dtype float16",
  "npx epg-bench eval https://example.org/a/b.npz --features=a/b",
])("nothing of %s leaves the folder", (line) => {
  expect(withoutFolders(line)).toBe(line);
});

test("words stay words", () => {
  const line = shellLine(["a b", "it's", "", "x=1"]);
  expect(line).toBe("'a b' 'it'\\''s' '' x=1");
  expect(withoutFolders(line)).toBe(line);
});
