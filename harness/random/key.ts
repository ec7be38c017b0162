import { philox4x32 } from "./philox.ts";

/** 64 bits, as two signed 32-bit halves. */
export type PhiloxKey = readonly [number, number];

/**
 * What the top counter word says: draws have 0 there, so that no child's key is ever one of its parent's
 * numbers. The end of a text also says how many characters its last block has.
 */
const NUMBER = 1;
const TEXT = 2;
const TEXT_END = 3;
/** UTF-16 units in the three words beside the tag. */
const UNITS_PER_BLOCK = 6;

const block = new Uint32Array(4);
const float64 = new DataView(new ArrayBuffer(8));

/** The key of a seed alone. */
export const seedKey = (seed: number): PhiloxKey => foldNumber([0, 0], seed);

/**
 * The key of a child: the first 64 bits of Philox at a counter that spells `part`, under the parent's key
 * (a text of six or more characters takes several such steps). 1 and "1" are different parts.
 */
export function childKey(parent: PhiloxKey, part: string | number): PhiloxKey {
  if (typeof part === "number") return foldNumber(parent, part);
  let key = parent;
  let at = 0;
  for (; at + UNITS_PER_BLOCK <= part.length; at += UNITS_PER_BLOCK) key = foldText(key, part, at, TEXT);
  return foldText(key, part, at, TEXT_END + ((part.length - at) << 8));
}

function foldNumber(key: PhiloxKey, value: number): PhiloxKey {
  if (!Number.isFinite(value)) throw new RangeError(`a stream's key must be finite, got ${value}`);
  // Adding 0 makes −0 the same key as 0.
  float64.setFloat64(0, value + 0);
  return fold(key, float64.getInt32(4), float64.getInt32(0), 0, NUMBER);
}

/** Two characters a word; beyond the end, zeros. */
function foldText(key: PhiloxKey, text: string, at: number, tag: number): PhiloxKey {
  const pair = (i: number): number => text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
  return fold(key, pair(at), pair(at + 2), pair(at + 4), tag);
}

function fold([k0, k1]: PhiloxKey, c0: number, c1: number, c2: number, c3: number): PhiloxKey {
  philox4x32(c0, c1, c2, c3, k0, k1, block, 0);
  return [block[0]! | 0, block[1]! | 0];
}
