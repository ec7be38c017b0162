/** A batch from the program: its answer's line, then raw frames, or a folder of image files. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { decodeStoredPixels, ImageError } from "../../../harness/formats/image.ts";
import type { Program } from "./program.ts";

const LONGEST_LINE = 65_536;
const SHOWN = 80;

const calls = z.number().nonnegative().optional();
const answerSchema = z.union([
  z.strictObject({ frames: z.int(), calls }),
  z.strictObject({ folder: z.string().min(1), calls }),
]);
type Answer = z.infer<typeof answerSchema>;

export interface Wanted {
  readonly n: number;
  readonly side: number;
  /** Of relative paths in answers. */
  readonly folder: string;
  readonly seconds: number;
}

export interface Batch {
  /** uint8 [n, side, side, 3]. */
  readonly images: Uint8Array;
  /** Network calls an image of the batch; null where the program does not say. */
  readonly calls: number | null;
}

/** Asks for a batch. @throws EntryError, and the program is ended, for anything but the images asked for, in time */
export async function ask(program: Program, request: string, wanted: Wanted): Promise<Batch> {
  if (program.reader.surplus > 0)
    return program.fail(`sent ${program.reader.surplus} bytes or more than it was asked for`);
  let came = "nothing";
  program.send(request);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((done) => {
    timer = setTimeout(done, wanted.seconds * 1000, null);
  });
  try {
    const batch = await Promise.race([
      received(program, wanted, (text) => {
        came = text;
      }),
      late,
    ]);
    return (
      batch ?? (await program.fail(`sent ${came} in ${wanted.seconds} s: ${sizeOf(wanted)} were asked for`))
    );
  } finally {
    clearTimeout(timer);
  }
}

const sizeOf = ({ n, side }: Wanted): string => `${n} images of ${side}×${side}`;

async function received(program: Program, wanted: Wanted, tell: (came: string) => void): Promise<Batch> {
  const { n, side, folder } = wanted;
  const line = await program.reader.line(LONGEST_LINE);
  if (line === null) return program.fail(`${await program.ending()} before it answered`);
  const answer = parsed(line.toString("latin1"));
  if (answer === null)
    return program.fail(
      `answered ${JSON.stringify(line.toString("utf8").slice(0, SHOWN))}, which is not one line of {"frames": n} or {"folder": path} (print to stderr, not to stdout)`,
    );
  const told = answer.calls ?? null;
  if ("folder" in answer) {
    tell("the name of a folder");
    const images = await filesOf(resolve(folder, answer.folder), wanted);
    return typeof images === "string" ? program.fail(images) : { images, calls: told };
  }
  if (answer.frames !== n)
    return program.fail(`answered ${answer.frames} frames: ${sizeOf(wanted)} were asked for`);
  const images = new Uint8Array(n * side * side * 3);
  const have = await program.reader.fill(images, (bytes) =>
    tell(`${bytes} of ${images.length} bytes of frames`),
  );
  if (have < images.length)
    return program.fail(`${await program.ending()} after ${have} of ${images.length} bytes of frames`);
  const { surplus } = program.reader;
  if (surplus > 0)
    return program.fail(
      `sent ${surplus} bytes or more beyond the ${images.length} of ${sizeOf(wanted)}, RGB, a byte a channel`,
    );
  return { images, calls: told };
}

function parsed(line: string): Answer | null {
  try {
    return answerSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** The images of a folder by their names, numbers in them by their value; a string says what is wrong. */
async function filesOf(folder: string, wanted: Wanted): Promise<Uint8Array | string> {
  const { n, side } = wanted;
  const entries = await readdir(folder).catch(() => null);
  if (entries === null) return `answered the folder ${folder}, which cannot be read`;
  const names = entries
    .filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (names.length !== n)
    return `answered the folder ${folder} with ${names.length} PNG or JPEG files: ${sizeOf(wanted)} were asked for`;
  const images = new Uint8Array(n * side * side * 3);
  for (const [k, name] of names.entries()) {
    const path = join(folder, name);
    try {
      const { width, height, data } = await decodeStoredPixels(path);
      if (width !== side || height !== side)
        return `made ${path} of ${width}×${height}: ${sizeOf(wanted)} were asked for`;
      images.set(data, k * side * side * 3);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return `made ${path}, which cannot be read: ${error.message}`;
    }
  }
  return images;
}
