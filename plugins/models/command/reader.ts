/** Reading lines and bytes from a program, no more than are asked for. */

export class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  /** @param stream is paused while nobody reads: what floods it waits in the program */
  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Bytes that came with those read. */
  get surplus(): number {
    return this.#rest.length;
  }

  /** A line without its end; what there is of it where it is longer than `most` bytes; null where the stream ended before. */
  async line(most: number): Promise<Buffer | null> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) return this.#take(end + 1).subarray(0, end);
      if (this.#rest.length > most) return this.#take(most);
      const chunk = await this.#next();
      if (!chunk) return null;
      this.#rest = Buffer.concat([this.#rest, chunk]);
    }
  }

  /** Fills `into`; returns how many bytes came before the stream ended. */
  async fill(into: Uint8Array, onBytes: (have: number) => void): Promise<number> {
    let have = 0;
    while (have < into.length) {
      if (this.#rest.length === 0) {
        const chunk = await this.#next();
        if (!chunk) return have;
        this.#rest = chunk;
      }
      const taken = this.#take(Math.min(this.#rest.length, into.length - have));
      into.set(taken, have);
      have += taken.length;
      onBytes(have);
    }
    return have;
  }

  #take(bytes: number): Buffer {
    const taken = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return taken;
  }

  async #next(): Promise<Buffer | null> {
    const { done, value } = await this.#chunks.next();
    return done ? null : value;
  }
}
