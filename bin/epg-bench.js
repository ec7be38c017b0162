#!/usr/bin/env node
import { existsSync } from "node:fs";

// In a checkout, dist/ follows the sources; the published package has dist/ and no scripts/.
const builder = new URL("../scripts/build.js", import.meta.url);
const ready = !existsSync(builder) || (await (await import(builder.href)).build());
if (ready) {
  const { main } = await import(new URL("../dist/harness/cli/main.js", import.meta.url).href);
  await main(process.argv.slice(2));
} else {
  process.exitCode = 1;
}
