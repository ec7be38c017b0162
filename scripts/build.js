/**
 * Builds dist/ when the sources have changed: npm's install scripts are off, so nothing else would.
 * A build is made beside dist/ and renamed into place, one process at a time; the others wait for it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** Its existence is the lock; the build is made inside it, so that taking the lock away takes a dead build along. */
const lock = join(root, ".dist-build");

/** tsc takes a few seconds; a lock this old belongs to a process that no longer knows of it. */
const LOCK_EXPIRES_MS = 120_000;

/**
 * Brings dist/ up to date with the sources.
 *
 * @returns {Promise<boolean>} false when the sources do not compile: tsc's errors are on stderr, dist/ is as it was
 */
export async function build() {
  while (!fresh()) {
    if (acquire()) {
      try {
        return fresh() || compile();
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    }
    await sleep(50);
  }
  return true;
}

const fresh = () => read(join(dist, ".built")) === sourceDigest();

/** Name, size and time of every source: one stat a file, no reading. */
function sourceDigest() {
  const hash = createHash("sha256");
  const add = (file) => {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\n${size}\n${mtimeMs}\n`);
  };
  for (const folder of ["harness", "plugins", "reports"]) {
    for (const file of sources(folder)) add(file);
  }
  for (const file of ["package.json", "tsconfig.json", "tsconfig.build.json"]) add(file);
  return hash.digest("hex");
}

function* sources(folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|json|py)$/.test(entry.name)) yield path;
  }
}

/** Making a folder is atomic: one process gets it. A dead owner's is taken away. */
function acquire() {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (abandoned()) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function abandoned() {
  const pid = Number(read(join(lock, "pid")));
  if (pid > 0 && !alive(pid)) return true;
  try {
    return Date.now() - statSync(lock).mtimeMs > LOCK_EXPIRES_MS;
  } catch {
    return false; // its owner has just finished
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function compile() {
  const before = existsSync(dist);
  process.stderr.write(
    `epg-bench: ${before ? "the sources have changed, building dist/" : "building dist/ (first use)"}\n`,
  );
  const digest = sourceDigest(); // before tsc reads: an edit meanwhile makes dist/ stale, not wrong
  const made = join(lock, "dist");
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(tsc)) {
    process.stderr.write("error: no TypeScript in node_modules\n  fix: run `npm ci` first\n");
    return false;
  }
  const arguments_ = [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", made];
  const { status } = spawnSync(process.execPath, arguments_, { stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    process.stderr.write(
      `error: the sources do not compile; dist/ is ${before ? "as it was" : "not made"}\n`,
    );
    return false;
  }
  // tsc leaves these where they are.
  for (const file of sources("plugins")) {
    if (file.endsWith(".py")) copyFileSync(join(root, file), join(made, file));
  }
  writeFileSync(join(made, ".built"), digest);
  if (before) renameSync(dist, join(lock, "old"));
  renameSync(made, dist);
  return true;
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await build()) ? 0 : 1;
}
