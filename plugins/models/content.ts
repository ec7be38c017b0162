/** What files hold, in one hash. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** sha256 over the contents of files, in their order. */
export async function contentOf(paths: readonly string[]): Promise<string> {
  const all = createHash("sha256");
  for (const path of paths) {
    const one = createHash("sha256");
    await pipeline(createReadStream(path), one);
    all.update(one.digest());
  }
  return all.digest("hex");
}
