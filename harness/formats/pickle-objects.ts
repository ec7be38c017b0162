/** What pickles are made of beside numbers and texts. Lists and tuples are arrays, both. */
import { isWhole } from "./numeric-array.ts";

/** What is wrong in a pickle, before the file and the byte are known. */
export class PickleError extends Error {
  override name = "PickleError";
}

/** Kept apart from integers: 4.0 is no size. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** What stands for a class or a function of Python: a name, and where calls are let through, the data they make. */
export class PickleGlobal {
  readonly name: string;
  readonly make: ((args: readonly unknown[]) => unknown) | undefined;

  constructor(name: string, make?: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.make = make;
  }
}

/** The names a pickle may use. */
export interface PickleNames {
  /** @param name module and name, joined by a dot */
  global(name: string): PickleGlobal | undefined;
  /** What a persistent id stands for; such ids are refused where this is missing. */
  persistent?(id: unknown): unknown;
}

/** What takes a state after it was made (opcode BUILD). */
export abstract class Buildable {
  abstract build(state: unknown): void;
}

/** A dictionary as the list of its items: no key is ever a property of an object of ours. */
export class PythonDict extends Buildable {
  readonly items: (readonly [key: unknown, value: unknown])[] = [];

  /** @param flat keys and values in turn */
  add(flat: readonly unknown[]): void {
    if (flat.length % 2 !== 0) throw new PickleError("a key without a value");
    for (let i = 0; i < flat.length; i += 2) this.items.push([flat[i], flat[i + 1]]);
  }

  /** An OrderedDict may have attributes, as state dictionaries have `_metadata`: they say nothing of the tensors. */
  build(_state: unknown): void {}
}

/** An object that is no more than its attributes. */
export class PythonNamespace extends PythonDict {
  override build(state: unknown): void {
    if (!(state instanceof PythonDict)) throw new PickleError(`attributes from ${brief(state)}`);
    this.items.push(...state.items);
  }
}

/** A few characters of anything, for a message. */
export function brief(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PythonFloat) return `the float ${value.value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return `a ${value.constructor.name}`;
  return String(value).slice(0, 80);
}

export function wholeNumber(value: unknown, called: string): number {
  if (isWhole(value)) return value;
  throw new PickleError(`${called} is ${brief(value)}, not a whole number`);
}

export function wholeNumbers(values: unknown, called: string): number[] {
  if (Array.isArray(values) && values.every(isWhole)) return values;
  const found = Array.isArray(values) ? `(${values.slice(0, 8).map(brief).join(", ")})` : brief(values);
  throw new PickleError(`${called} is ${found}, not whole numbers`);
}
