/** Reference cases found by listing, on the engines that each is run on. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readTensors } from "../plugins/models/epg/fixtures.ts";
import { type Engine, float32, float64 } from "./engines.ts";
import { fixtures } from "./fixtures.ts";

export interface Case {
  /** "dit/wide" */
  readonly name: string;
  readonly folder: string;
  /** Names, without ending, of the tensor files, smallest first. */
  readonly files: readonly string[];
  readonly bytes: number;
  read(file: string): ReturnType<typeof readTensors>;
  readJson(file: string): unknown;
}

/** Every folder at or below one of the fixtures that has a config.json. */
export function casesIn(family: string): readonly Case[] {
  const root = fixtures(family);
  const paths = root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : [];
  return paths
    .filter((path) => basename(path) === "config.json")
    .map((path): Case => {
      const folder = join(root!, dirname(path));
      const files = readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
      const bytesOf = (file: string): number => statSync(join(folder, file)).size;
      return {
        name: join(family, dirname(path)),
        folder,
        files: files.sort((a, b) => bytesOf(a) - bytesOf(b)).map((file) => basename(file, ".safetensors")),
        bytes: files.reduce((sum, file) => sum + bytesOf(file), 0),
        read: (file) => readTensors(join(folder, `${file}.safetensors`)),
        readJson: (file) => JSON.parse(readFileSync(join(folder, file), "utf8")),
      };
    });
}

/** Each file whose name matches, of every case on ONNX Runtime and of the smallest on the interpreter too, by title. */
export function runsIn<One extends Pick<Case, "name" | "files" | "bytes">>(
  cases: readonly One[],
  pattern: RegExp,
) {
  const [smallest] = [...cases].sort((a, b) => a.bytes - b.bytes);
  const run = (engine: Engine) => (one: One) =>
    one.files
      .filter((file) => pattern.test(file))
      .map((file) => [`${one.name}: ${file}: ${engine.name}`, { one, file, engine }] as const);
  return {
    native: cases.flatMap(run(float32)),
    interpreted: smallest ? run(float64)(smallest) : [],
  };
}
