/** The names of Python's own library that pickles of plain data use. */
import { brief, PickleError, PickleGlobal, PythonDict, PythonNamespace } from "./pickle-objects.ts";

export type GlobalTable = ReadonlyMap<string, PickleGlobal>;

/** @param makers by module and name; null for a name that is never called */
export function globalTable(
  makers: Readonly<Record<string, ((args: readonly unknown[]) => unknown) | null>>,
): GlobalTable {
  return new Map(
    Object.entries(makers).map(([name, make]) => [name, new PickleGlobal(name, make ?? undefined)]),
  );
}

export const PYTHON_NAMES = globalTable({
  "collections.OrderedDict": ([items = []]) => dictionaryOf(items),
  "collections.defaultdict": () => new PythonDict(),
  "argparse.Namespace": () => new PythonNamespace(),
  "_codecs.encode": encode,
  "builtins.bytes": noBytes,
  "__builtin__.bytes": noBytes,
  "builtins.set": ([items = []]) => listOf(items),
  "__builtin__.set": ([items = []]) => listOf(items),
  "builtins.frozenset": ([items = []]) => listOf(items),
  "__builtin__.frozenset": ([items = []]) => listOf(items),
  // The factories of defaultdicts.
  "builtins.dict": null,
  "__builtin__.dict": null,
  "builtins.list": null,
  "__builtin__.list": null,
  "builtins.int": null,
  "__builtin__.int": null,
  "builtins.float": null,
  "__builtin__.float": null,
});

function listOf(items: unknown): unknown[] {
  if (Array.isArray(items)) return [...items];
  throw new PickleError(`a set of ${brief(items)}`);
}

function dictionaryOf(pairs: unknown): PythonDict {
  const dictionary = new PythonDict();
  if (!Array.isArray(pairs)) throw new PickleError(`an OrderedDict of ${brief(pairs)}`);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new PickleError(`the item ${brief(pair)} is no pair`);
    dictionary.add(pair);
  }
  return dictionary;
}

/** Protocol 2 has no bytes: Python writes them as text of characters below 256. */
function encode([text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1"))
    throw new PickleError(`_codecs.encode of ${brief(text)} as ${brief(encoding)}`);
  const bytes = Buffer.from(text, "latin1");
  if (bytes.toString("latin1") !== text) throw new PickleError("bytes of characters beyond 255");
  return bytes;
}

function noBytes(args: readonly unknown[]): Uint8Array {
  if (args.length > 0) throw new PickleError(`bytes made of ${brief(args[0])}`);
  return new Uint8Array(0);
}
