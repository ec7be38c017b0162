import { describe, expect, it } from "vitest";
import type { Tensors } from "../../../harness/program/index.ts";
import { Feed, type Feeding, type Makers } from "../../../harness/run/feed.ts";

const batchOf = (step: number): Tensors => ({
  x: { dtype: "float32", shape: [1], data: Float32Array.of(step) },
});
const stepOf = ({ x }: Tensors): number => x!.data[0]!;

/** Of batches that take a millisecond here, a million of which are too many. */
function feeding(makers: Makers | null, asked: Partial<Feeding> = {}) {
  const here: number[] = [];
  const make = async (step: number): Promise<Tensors> => {
    here.push(step);
    const end = performance.now() + 1;
    while (performance.now() < end);
    return batchOf(step);
  };
  const openMakers = makers && (() => makers);
  return { here, feed: new Feed({ make, openMakers, first: 0, steps: 1_000_000, ...asked }) };
}

/** Makers whose batches are ready at once, from the moment they are opened. */
function makersOf(most: number) {
  const made: number[] = [];
  let open = (): void => {};
  const makers: Makers & { closed: boolean } = {
    opened: new Promise<void>((resolve) => {
      open = resolve;
    }),
    most,
    closed: false,
    make: async (step) => {
      made.push(step);
      return batchOf(step);
    },
    async close() {
      makers.closed = true;
    },
  };
  return { made, makers, open: () => open() };
}

const take = async (feed: Feed, n: number): Promise<number[]> => {
  const taken: number[] = [];
  for (let i = 0; i < n; i++) taken.push(stepOf(await feed.next()));
  return taken;
};

describe("a feed", () => {
  it("hands out the batches in their order, from the first step to the last, and makes no other", async () => {
    const { feed, here } = feeding(null, { first: 3, steps: 7 });
    expect(await take(feed, 4)).toEqual([3, 4, 5, 6]);
    expect(here).toEqual([3, 4, 5, 6]);
    await feed.close();
  });

  it("makes batches here until others can, then there", async () => {
    const { makers, made, open } = makersOf(2);
    const { feed, here } = feeding(makers);
    expect(await take(feed, 3)).toEqual([0, 1, 2]);
    expect(made).toEqual([]);
    open();
    expect(await take(feed, 3)).toEqual([3, 4, 5]);
    expect(here).toEqual([0, 1, 2, 3]);
    expect(made.slice(0, 2)).toEqual([4, 5]);
    await feed.close();
    expect(makers.closed).toBe(true);
  });

  it("stays here where little is left to make", async () => {
    const { makers, made, open } = makersOf(2);
    open();
    const { feed } = feeding(makers, { steps: 8 });
    expect(await take(feed, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(made).toEqual([]);
    await feed.close();
    expect(makers.closed).toBe(false);
  });

  it("has one batch ahead, twice as many each time a step waited, and never more than its makers can make at a time", async () => {
    const { makers, made, open } = makersOf(3);
    const { feed } = feeding(makers);
    await feed.next();
    open();
    await feed.next();
    for (const ahead of [1, 2, 3, 3]) {
      const last = stepOf(await feed.next());
      expect(made.at(-1)).toBe(last + ahead);
      feed.hurry();
    }
    await feed.close();
  });

  it("tells why a batch could not be made to whoever takes it, and goes on with the next", async () => {
    const make = async (step: number): Promise<Tensors> => {
      if (step === 1) throw new TypeError("image 7 is damaged");
      return batchOf(step);
    };
    const feed = new Feed({ make, openMakers: null, first: 0, steps: 3 });
    expect(stepOf(await feed.next())).toBe(0);
    await expect(feed.next()).rejects.toThrow(new TypeError("image 7 is damaged"));
    expect(stepOf(await feed.next())).toBe(2);
  });
});
