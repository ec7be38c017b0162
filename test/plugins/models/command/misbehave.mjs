/** Answers requests for images the way its argument says: well, or wrong in one of the ways that programs go wrong. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import sharp from "sharp";

const [how, folder = ""] = process.argv.slice(2);
console.error("loading weights");
if (how === "exit early") {
  console.error("RuntimeError: out of memory");
  process.exit(1);
}

const frames = (n, side) => Buffer.alloc(n * side * side * 3, 7);
const write = (bytes) => new Promise((resolve) => process.stdout.write(bytes, resolve));
const told = (answer) => write(`${JSON.stringify(answer)}\n`);
let asked = 0;

async function files(n, side) {
  const out = mkdtempSync(join(folder, "batch-"));
  for (let k = 0; k < n; k++) {
    const background = { r: k, g: 0, b: 0 };
    const image = sharp({ create: { width: side, height: side, channels: 3, background } });
    writeFileSync(join(out, `${k}.png`), await image.png().toBuffer());
  }
  return out;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { images, resolution: side } = JSON.parse(line);
  const n = images.length;
  asked++;
  if (how === "silence") continue;
  if (how === "garbage") await write("Sampling: 100%\n");
  else if (how === "flood") for (;;) await write(Buffer.alloc(65_536, 120));
  else if (how === "flood of errors") for (let k = 0; k < 200; k++) console.error("x".repeat(10_000));
  else if (how === "short") {
    await told({ frames: n });
    await write(frames(n, side).subarray(0, 10));
  } else if (how === "half-way" && asked === 2) {
    await told({ frames: n });
    await write(frames(n, side).subarray(0, 10));
    console.error("ValueError: no such class");
    process.exit(1);
  } else if (how === "more") {
    await told({ frames: n });
    await write(Buffer.concat([frames(n, side), Buffer.from("done")]));
  } else if (how === "fewer") await told({ frames: n - 1 });
  else if (how === "folder") await told({ folder: await files(n, side), calls: 5 });
  else if (how === "other size") await told({ folder: await files(n, side / 2) });
  else if (how === "too many files") await told({ folder: await files(n + 1, side) });
  else if (how === "no folder") await told({ folder: "nowhere" });
  else if (how === "no image") await told({ folder: await files(n, side).then(damaged) });
  else {
    await told(how === "sometimes" && asked > 1 ? { frames: n } : { frames: n, calls: 10 * asked });
    const each = Buffer.concat(
      images.map(({ seed, label }) => Buffer.alloc(side * side * 3, label === null ? seed % 251 : label)),
    );
    for (let at = 0; at < each.length; at += 1000) await write(each.subarray(at, at + 1000));
  }
}

function damaged(out) {
  writeFileSync(join(out, "0.png"), "not an image");
  return out;
}
