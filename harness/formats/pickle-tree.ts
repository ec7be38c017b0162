/** A pickle's value laid flat: tensors and plain facts by the path of keys and indices that leads to them. */
import { FormatError } from "./format-error.ts";
import { brief, PickleGlobal, PythonDict, PythonFloat } from "./pickle-objects.ts";
import type { PlainValue } from "./tensor-file.ts";

/** A tree may share branches, so that a small file names endless many: 2²⁴ characters of names and texts are read. */
const MAX_CHARACTERS = 2 ** 24;
const MAX_DEPTH = 64;

export interface Leaves<Leaf> {
  readonly tensors: Map<string, Leaf>;
  readonly values: Map<string, PlainValue>;
}

/**
 * @param kinds the classes whose objects are tensors
 * @throws FormatError
 */
export function leavesOf<Leaf extends object>(
  value: unknown,
  kinds: readonly (abstract new (...args: never[]) => Leaf)[],
  file: string,
): Leaves<Leaf> {
  const tree = new Tree(kinds, file);
  tree.visit(value, "", 0);
  return tree;
}

class Tree<Leaf extends object> implements Leaves<Leaf> {
  readonly tensors = new Map<string, Leaf>();
  readonly values = new Map<string, PlainValue>();
  readonly #kinds: readonly (abstract new (
    ...args: never[]
  ) => Leaf)[];
  readonly #file: string;
  #characters = 0;

  constructor(kinds: readonly (abstract new (...args: never[]) => Leaf)[], file: string) {
    this.#kinds = kinds;
    this.#file = file;
  }

  visit(value: unknown, path: string, depth: number): void {
    this.#spend(path.length + 1);
    if (depth > MAX_DEPTH) throw this.#refusal(path, `nested more than ${MAX_DEPTH} deep`);
    const below = (key: string): string => (depth === 0 ? key : `${path}/${key}`);
    if (value instanceof PythonDict) {
      for (const [key, item] of value.items) this.visit(item, below(this.#keyOf(key, path)), depth + 1);
    } else if (Array.isArray(value) && !value.every(isFact)) {
      for (const [index, item] of value.entries()) this.visit(item, below(String(index)), depth + 1);
    } else this.#keep(value, path);
  }

  #keep(value: unknown, path: string): void {
    if (this.tensors.has(path) || this.values.has(path))
      throw this.#refusal(path, "two values have this path");
    if (this.#kinds.some((Kind) => value instanceof Kind)) this.tensors.set(path, value as Leaf);
    else this.values.set(path, this.#plain(value, path));
  }

  #plain(value: unknown, path: string): PlainValue {
    if (Array.isArray(value)) return value.map((item) => this.#plain(item, path));
    this.#spend(typeof value === "string" || value instanceof Uint8Array ? value.length + 1 : 1);
    if (value instanceof PickleGlobal) return value.name;
    if (value instanceof PythonFloat) return value.value;
    if (!isFact(value)) throw this.#refusal(path, `${brief(value)} is neither a tensor nor plain data`);
    return value as PlainValue;
  }

  /** As Python prints it. */
  #keyOf(key: unknown, path: string): string {
    if (typeof key === "string") return key;
    if (typeof key === "number" || typeof key === "bigint") return String(key);
    if (key instanceof PythonFloat) return String(key.value);
    if (key === null) return "None";
    if (typeof key === "boolean") return key ? "True" : "False";
    throw this.#refusal(path, `a key that is ${brief(key)}`);
  }

  #spend(characters: number): void {
    this.#characters += characters;
    if (this.#characters > MAX_CHARACTERS)
      throw this.#refusal("", `more than ${MAX_CHARACTERS} characters of names and values are not read`);
  }

  #refusal(path: string, problem: string): FormatError {
    return new FormatError(this.#file, path === "" ? "pickle" : path.slice(0, 200), problem);
  }
}

const isFact = (value: unknown): boolean =>
  typeof value !== "object" ||
  value === null ||
  value instanceof Uint8Array ||
  value instanceof PickleGlobal ||
  value instanceof PythonFloat;
