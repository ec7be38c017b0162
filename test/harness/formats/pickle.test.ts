import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../harness/formats/format-error.ts";
import { NumpyArray } from "../../../harness/formats/numpy-names.ts";
import { unpickle } from "../../../harness/formats/pickle.ts";
import { leavesOf } from "../../../harness/formats/pickle-tree.ts";
import type { PlainValue } from "../../../harness/formats/tensor-file.ts";
import { DATA_NAMES } from "../../../harness/formats/torch-tensors.ts";
import { expectUnharmed } from "../../parity/manifest.ts";
import { damaged, damages } from "./arbitrary.ts";
import * as py from "./pickler.ts";

/** A pickle's leaves, by their paths. */
function read(pickle: Uint8Array) {
  const { value, end } = unpickle(pickle, DATA_NAMES, "it");
  expect(end).toBeLessThanOrEqual(pickle.length);
  return leavesOf(value, [NumpyArray], "it");
}

const valuesOf = (body: Buffer, protocol?: number): Map<string, PlainValue> =>
  read(py.pickle(body, protocol)).values;

/** A value with the pickle of it. */
const facts: fc.Arbitrary<readonly [PlainValue, Buffer]> = fc.oneof(
  fc.constant([null, py.none] as const),
  fc.boolean().map((value) => [value, py.boolean(value)] as const),
  fc.double().map((value) => [value, py.float(value)] as const),
  fc.bigInt(-(2n ** 80n), 2n ** 80n).map((value) => {
    const safe = Number.isSafeInteger(Number(value)) ? Number(value) : value;
    return [safe, py.integer(value)] as const;
  }),
  fc.string({ unit: "grapheme" }).map((value) => [value, py.text(value)] as const),
  fc.uint8Array({ maxLength: 9 }).map((value) => [Buffer.from(value), py.bytes(value)] as const),
);

const keys = fc.string({ minLength: 1 }).filter((key) => !key.includes("/"));
const plain = fc.dictionary(keys, fc.oneof(facts, fc.array(facts, { maxLength: 4 })), { maxKeys: 6 });

describe("pickles of plain data", () => {
  it("read as what was written", () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 2, max: 5 }), (record, protocol) => {
        const isFact = (value: unknown): value is readonly [PlainValue, Buffer] =>
          Array.isArray(value) && value.length === 2 && Buffer.isBuffer(value[1]);
        const items = Object.entries(record).map(([key, value]) => {
          const [found, body] = isFact(value)
            ? value
            : ([value.map(([item]) => item), py.list(value.map(([, item]) => item))] as const);
          return [key, found, body] as const;
        });
        const pickle = py.dictionary(items.map(([key, , body]) => [py.text(key), body]));
        expect(valuesOf(pickle, protocol)).toEqual(new Map(items.map(([key, value]) => [key, value])));
      }),
    );
  });

  it("names what is nested by keys and indices, whatever the keys", () => {
    const inner = py.dictionary([[py.text("__proto__"), py.integer(1)]]);
    const outer = py.dictionary([
      [py.text("a"), py.list([inner, py.none])],
      [py.integer(7), py.tuple(py.float(2))],
      [py.none, py.boolean(true)],
    ]);
    const found = valuesOf(outer);
    expect([...found]).toEqual([
      ["a/0/__proto__", 1],
      ["a/1", null],
      ["7", [2]],
      ["None", true],
    ]);
    expectUnharmed();
  });

  it("takes namespaces, ordered dictionaries, sets and bytes as data", () => {
    const body = py.dictionary([
      [
        py.text("args"),
        py.build(py.call(py.named("argparse", "Namespace")), py.dictionary([[py.text("lr"), py.float(0.5)]])),
      ],
      [
        py.text("state"),
        py.build(
          py.call(py.named("collections", "OrderedDict"), py.list([py.tuple(py.text("k"), py.integer(3))])),
          py.dictionary([[py.text("_metadata"), py.none]]),
        ),
      ],
      [py.text("set"), py.call(py.named("__builtin__", "set"), py.list([py.integer(1)]))],
      [py.text("bytes"), py.call(py.named("_codecs", "encode"), py.text("aÿ"), py.text("latin1"))],
    ]);
    expect(Object.fromEntries(valuesOf(body))).toEqual({
      "args/lr": 0.5,
      "state/k": 3,
      set: [1],
      bytes: Buffer.of(0x61, 0xff),
    });
  });
});

describe("what pickles are refused for", () => {
  const nested = (depth: number): Buffer =>
    Array.from({ length: depth }).reduce<Buffer>((body) => py.dictionary([[py.text("a"), body]]), py.none);
  /** A list of two of the last, 2^n leaves in the end. */
  const laughs = Buffer.concat([
    Buffer.from("}", "latin1"),
    Buffer.from("q\0"),
    ...Array.from({ length: 60 }, (_, k) =>
      Buffer.concat([
        Buffer.from("](h"),
        Buffer.of(k),
        Buffer.from("h"),
        Buffer.of(k),
        Buffer.from("eq"),
        Buffer.of(k + 1),
      ]),
    ),
  ]);
  const itself = Buffer.concat([Buffer.from("]q\0h\0a")]);

  it.each<[string, Buffer, string]>([
    ["a call", py.call(py.named("os", "system"), py.text("x")), 'byte 2: it asks for "os.system"'],
    ["a name from the stack", Buffer.concat([py.text("a"), py.text("b"), Buffer.of(0x93)]), '"a.b"'],
    ["a name of an object's prototype", py.named("", "__proto__"), '".__proto__"'],
    ["a call of what is no name", py.call(py.none), "it calls null"],
    ["a call of a type", py.call(py.named("builtins", "dict")), "stands for itself"],
    ["a persistent id", Buffer.concat([py.none, Buffer.from("Q")]), "persistent id"],
    ["an unknown opcode", Buffer.of(0xff), "byte 2: opcode 0xff"],
    ["protocol 0's opcodes", Buffer.from("I1\n"), "opcode 0x49"],
    ["a stack without values", Buffer.from("R"), "empty stack"],
    ["a value below a mark", Buffer.from("N(0"), "empty stack"],
    ["a mark that is not set", Buffer.from("t"), "none is set"],
    ["a memo that is not there", Buffer.from("h\x05"), "recalls value 5"],
    ["a key without a value", Buffer.from("}(Nu"), "a key without a value"],
    ["items for a number", Buffer.from("N(NNu"), "null is no dictionary"],
    ["a state for a dictionary's key", Buffer.from("NNb"), "takes a state"],
    ["text that is not UTF-8", Buffer.from("X\x01\0\0\0\xff", "latin1"), "not UTF-8"],
    ["a text of 4 GiB", Buffer.from("X\xff\xff\xff\xff", "latin1"), "takes 4294967295 bytes"],
    ["bytes of 2^63", Buffer.from("\x8e\0\0\0\0\0\0\0\x80", "latin1"), "where 1 are left"],
    ["a name without end", Buffer.concat([Buffer.from("c"), Buffer.alloc(999, "a")]), "a name without end"],
    [
      "an integer of 2^16 bytes",
      Buffer.concat([Buffer.from("\x8b\0\0\x01\0", "latin1"), Buffer.alloc(2 ** 16)]),
      "an integer of 65536",
    ],
    ["depth", nested(100), "nested more than 64 deep"],
    ["a list of itself", itself, "nested more than 64 deep"],
    ["2^60 leaves", laughs, "characters of names"],
    [
      "two values of one path",
      py.dictionary([
        [py.integer(1), py.none],
        [py.text("1"), py.none],
      ]),
      "two values",
    ],
    ["a list as a key", py.dictionary([[py.list([]), py.none]]), "a key that is a list"],
    ["an array of objects", py.call(py.named("numpy", "dtype"), py.text("O8")), "Python objects"],
    ["an array of complex numbers", py.call(py.named("numpy", "dtype"), py.text("c16")), '"c16"'],
  ])("%s", (_, body, problem) => {
    expect(() => read(py.pickle(body))).toThrow(FormatError);
    expect(() => read(py.pickle(body))).toThrow(problem);
  });

  it("a pickle that ends in the middle, or never", () => {
    expect(() => read(py.pickle(py.none).subarray(0, 3))).toThrow("takes 1 bytes where 0 are left");
    expect(() => read(Buffer.concat([Buffer.of(0x80, 2), Buffer.alloc(2 ** 23, "N")]))).toThrow("operations");
  });

  it("a damaged pickle is refused or read, and nothing else happens", () => {
    const type = py.build(
      py.call(py.named("numpy", "dtype"), py.text("f4"), py.boolean(false), py.boolean(true)),
      py.tuple(py.integer(3), py.text("<"), py.none, py.none, py.none),
    );
    const array = py.build(
      py.call(py.named("numpy.core.multiarray", "_reconstruct"), py.named("numpy", "ndarray")),
      py.tuple(py.integer(1), py.integers([2, 1]), type, py.boolean(true), py.bytes(new Uint8Array(8))),
    );
    const whole = py.pickle(
      py.dictionary([
        [py.text("mu"), array],
        [
          py.text("n"),
          py.call(py.named("numpy.core.multiarray", "scalar"), type, py.bytes(new Uint8Array(4))),
        ],
        [py.text("args"), py.build(py.call(py.named("argparse", "Namespace")), py.dictionary([]))],
        [py.text("list"), py.list([py.text("a"), py.float(1), py.integer(-5)])],
      ]),
    );
    expect(read(whole).tensors.get("mu")).toMatchObject({ dtype: "float32", shape: [2, 1] });
    fc.assert(
      fc.property(damages, (changes) => {
        try {
          read(damaged(whole, whole.length, changes));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 5000 },
    );
    expectUnharmed();
  });
});
