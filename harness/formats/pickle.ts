/**
 * Python's pickles, protocols 2 to 5 (PEP 307, 3154 and 574; opcodes as in CPython's pickletools), read as data.
 * Nothing is imported and nothing runs: a name stands for what the caller's list says, and is refused where
 * the list has none. Time and memory are bounded by the bytes given and by a limit on operations.
 */
import { FormatError } from "./format-error.ts";
import { brief, PickleError, type PickleGlobal, type PickleNames } from "./pickle-objects.ts";
import { OPERATIONS } from "./pickle-operations.ts";

/** A pickle holds names and plain facts, and NumPy's arrays whole: two of 2048² take 70 MB, as text 100. */
export const MAX_PICKLE_BYTES = 2 ** 28;
/** 4 million: a checkpoint of 20 000 tensors takes 0.6 million. */
const MAX_OPERATIONS = 2 ** 22;
/** A module's name and a newline. */
const MAX_LINE_BYTES = 256;

/** The bytes ended before the pickle did: there may be more in the file. */
export class PickleEnded extends FormatError {
  override name = "PickleEnded";
}

class BytesEnded extends PickleError {}

export interface Unpickled {
  readonly value: unknown;
  /** Where the next byte is. */
  readonly end: number;
}

/**
 * Reads the pickle that begins at byte `start`.
 * @param place what errors call a byte
 * @throws FormatError
 */
export function unpickle(
  bytes: Uint8Array,
  names: PickleNames,
  file: string,
  start = 0,
  place: (at: number) => string = (at) => `byte ${at}`,
): Unpickled {
  const machine = new PickleMachine(bytes, names, start);
  try {
    return machine.run();
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    const Refusal = error instanceof BytesEnded ? PickleEnded : FormatError;
    throw new Refusal(file, place(machine.operationAt), error.message, { cause: error });
  }
}

/** The stack machine that the opcodes drive. */
export class PickleMachine {
  readonly names: PickleNames;
  /** Where the running operation began. */
  operationAt = 0;
  readonly #bytes: Buffer;
  #at: number;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, names: PickleNames, start: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.names = names;
    this.#at = start;
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_OPERATIONS; count++) {
      this.operationAt = this.#at;
      const code = this.take(1)[0]!;
      if (code === STOP) return { value: this.#last(), end: this.#at };
      const operation = OPERATIONS[code];
      if (!operation) throw new PickleError(`opcode 0x${code.toString(16).padStart(2, "0")} is not read`);
      operation(this);
    }
    throw new PickleError(`a pickle of more than ${MAX_OPERATIONS} operations is not read`);
  }

  /** The next `length` bytes, a view. */
  take(length: number): Buffer {
    const end = this.#at + length;
    const left = this.#bytes.length - this.#at;
    if (length > left) throw new BytesEnded(`the pickle takes ${length} bytes where ${left} are left`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** A length field of 8 bytes. Lengths no file has are as good as the largest number. */
  takeLength8(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** The text up to the next newline. */
  takeLine(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_LINE_BYTES).indexOf(0x0a);
    if (end < 0 && this.#bytes.length - this.#at >= MAX_LINE_BYTES)
      throw new PickleError("a name without end");
    if (end < 0) this.take(MAX_LINE_BYTES);
    const line = this.take(end + 1);
    return line.toString("utf8", 0, end);
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= floor) throw new PickleError("it takes a value from an empty stack");
    return this.#stack.pop();
  }

  /** The top of the stack stays. */
  top<Kind>(kind: abstract new (...args: never[]) => Kind, called: string): Kind {
    const value = this.#last();
    if (value instanceof kind) return value;
    throw new PickleError(`${brief(value)} is no ${called}`);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark. */
  popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new PickleError("it looks for a mark, and none is set");
    return this.#stack.splice(mark);
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.#last());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleError(`it recalls value ${index}, which it never kept`);
    this.push(this.#memo.get(index));
  }

  pushGlobal(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string")
      throw new PickleError("a global without a name");
    this.push(this.#global(`${module}.${name}`));
  }

  #global(name: string): PickleGlobal {
    const found = this.names.global(name);
    if (found) return found;
    throw new PickleError(
      `it asks for ${brief(name)}, which is not among the names that stand for tensors and plain data; nothing of it was run`,
    );
  }

  #last(): unknown {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }
}

const STOP = 0x2e;
