/**
 * NumPy's frozen legacy generator (`numpy.random.RandomState`, "legacy" since 1.17 and bit for bit the same for ever):
 * what the evaluation tools draw their subsets and orders from. MT19937 (Matsumoto, Nishimura 1998) seeded by
 * init_genrand; bounded integers by masked rejection.
 */
export interface NumpyLegacy {
  /** The next 32 bits. */
  word(): number;
  /** A uniformly random order of 0…n−1. */
  permutation(n: number): Int32Array;
  /** `size` different numbers of 0…n−1: the first of a permutation. @throws RangeError where size > n */
  choice(n: number, size: number): Int32Array;
  /** Shuffles in place. */
  shuffle(values: Int32Array): void;
}

const N = 624;
const M = 397;

/** @param seed an integer in 0…2³²−1 */
export function numpyLegacy(seed: number): NumpyLegacy {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`a NumPy seed must be an integer in 0…4294967295, got ${seed}`);
  const word = mersenneTwister(seed);
  const shuffle = (values: Int32Array): void => {
    for (let i = values.length - 1; i > 0; i--) {
      const j = upTo(i, word);
      const moved = values[i]!;
      values[i] = values[j]!;
      values[j] = moved;
    }
  };
  const permutation = (n: number): Int32Array => {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    shuffle(order);
    return order;
  };
  return {
    word,
    shuffle,
    permutation,
    choice(n, size) {
      if (!Number.isInteger(size) || size < 0 || size > n)
        throw new RangeError(`a choice without replacement needs a size in 0…${n}, got ${size}`);
      return permutation(n).slice(0, size);
    },
  };
}

/** Uniform in 0…max: words cut to the bits of max, those above it thrown away. */
function upTo(max: number, word: () => number): number {
  const mask = 0xffffffff >>> Math.clz32(max);
  for (;;) {
    const value = (word() & mask) >>> 0;
    if (value <= max) return value;
  }
}

function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const last = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(last, 1812433253) + i;
  }
  let position = N;
  return () => {
    if (position === N) {
      twist(state);
      position = 0;
    }
    let y = state[position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
