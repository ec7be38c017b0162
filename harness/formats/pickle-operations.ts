/** Opcodes of Python's pickles (CPython, Lib/pickletools.py). Those of protocols 0 and 1 alone are left out. */
import { isUtf8 } from "node:buffer";
import type { PickleMachine } from "./pickle.ts";
import { Buildable, brief, PickleError, PickleGlobal, PythonDict, PythonFloat } from "./pickle-objects.ts";

type Operation = (machine: PickleMachine) => void;

/** By opcode; the holes are refused. */
export const OPERATIONS: readonly (Operation | undefined)[] = tableOf({
  // Frame and protocol say nothing that bytes do not.
  128: (m) => checkProtocol(m.take(1)[0]!),
  149: (m) => m.takeLength8(),

  // None, booleans, numbers.
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  74: (m) => m.push(m.take(4).readInt32LE()),
  75: (m) => m.push(m.take(1)[0]),
  77: (m) => m.push(m.take(2).readUInt16LE()),
  138: (m) => m.push(integer(m.take(m.take(1)[0]!))),
  139: (m) => m.push(integer(m.take(m.take(4).readUInt32LE()))),
  71: (m) => m.push(new PythonFloat(m.take(8).readDoubleBE())),

  // Text and bytes, with lengths of 1, 4 and 8 bytes; T and U are Python 2's, which is either.
  140: (m) => m.push(text(m.take(m.take(1)[0]!))),
  88: (m) => m.push(text(m.take(m.take(4).readUInt32LE()))),
  141: (m) => m.push(text(m.take(m.takeLength8()))),
  67: (m) => m.push(m.take(m.take(1)[0]!)),
  66: (m) => m.push(m.take(m.take(4).readUInt32LE())),
  142: (m) => m.push(m.take(m.takeLength8())),
  150: (m) => m.push(m.take(m.takeLength8())),
  85: (m) => m.push(text(m.take(m.take(1)[0]!))),
  84: (m) => m.push(text(m.take(m.take(4).readUInt32LE()))),

  // Lists, tuples and sets.
  93: (m) => m.push([]),
  97: (m) => append(m, [m.pop()]),
  101: (m) => append(m, m.popMark()),
  41: (m) => m.push([]),
  133: (m) => m.push([m.pop()]),
  134: (m) => m.push([m.pop(), m.pop()].reverse()),
  135: (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()),
  116: (m) => m.push(m.popMark()),
  143: (m) => m.push([]),
  144: (m) => append(m, m.popMark()),
  145: (m) => m.push(m.popMark()),

  // Dictionaries.
  125: (m) => m.push(new PythonDict()),
  115: (m) => {
    const value = m.pop();
    const key = m.pop();
    m.top(PythonDict, "dictionary").add([key, value]);
  },
  117: (m) => {
    const items = m.popMark();
    m.top(PythonDict, "dictionary").add(items);
  },

  // The stack and the memo.
  40: (m) => m.mark(),
  48: (m) => m.pop(),
  49: (m) => m.popMark(),
  113: (m) => m.remember(m.take(1)[0]),
  114: (m) => m.remember(m.take(4).readUInt32LE()),
  148: (m) => m.remember(),
  104: (m) => m.recall(m.take(1)[0]!),
  106: (m) => m.recall(m.take(4).readUInt32LE()),

  // Names and what is made through them.
  99: (m) => m.pushGlobal(m.takeLine(), m.takeLine()),
  147: (m) => {
    const name = m.pop();
    m.pushGlobal(m.pop(), name);
  },
  82: make,
  129: make,
  98: (m) => {
    const state = m.pop();
    m.top(Buildable, "object that takes a state").build(state);
  },
  81: (m) => {
    const id = m.pop();
    if (!m.names.persistent) throw new PickleError("a persistent id, which only PyTorch's checkpoints have");
    m.push(m.names.persistent(id));
  },
});

function tableOf(operations: Readonly<Record<number, Operation>>): (Operation | undefined)[] {
  return Array.from({ length: 256 }, (_, code) => operations[code]);
}

function checkProtocol(protocol: number): void {
  if (protocol < 2 || protocol > 5) throw new PickleError(`protocol ${protocol} is not read: 2 to 5 are`);
}

/** NumPy's and PyTorch's integers have 8 bytes; 16 do for a generator's state. */
const MAX_INTEGER_BYTES = 256;

/** Two's complement, little-endian. */
function integer(bytes: Buffer): number | bigint {
  if (bytes.length > MAX_INTEGER_BYTES)
    throw new PickleError(`an integer of ${bytes.length} bytes is not read`);
  const hex = Buffer.from(bytes).reverse().toString("hex");
  const value = BigInt.asIntN(8 * bytes.length, BigInt(hex === "" ? 0 : `0x${hex}`));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function text(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new PickleError("a text that is not UTF-8");
  return bytes.toString();
}

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const list = machine.top(Array, "list");
  for (const item of items) list.push(item);
}

/** REDUCE and NEWOBJ: a name and a tuple of arguments, replaced by what the name makes of them. */
function make(machine: PickleMachine): void {
  const args = machine.pop();
  const callee = machine.pop();
  if (!(callee instanceof PickleGlobal)) throw new PickleError(`it calls ${brief(callee)}`);
  if (!callee.make) throw new PickleError(`it calls ${callee.name}, which stands for itself alone`);
  if (!Array.isArray(args)) throw new PickleError(`it calls ${callee.name} with ${brief(args)}`);
  machine.push(callee.make(args));
}
