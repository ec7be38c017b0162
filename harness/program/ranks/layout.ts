/**
 * How the values of a program lie among ranks, and what brings a value from one placement to another: the collectives.
 * Every value is "sum", cut or whole; asked for otherwise, it is communicated once and kept.
 */
import { allGather, allReduce, ownRows, reduceScatter } from "../ops/collectives.ts";
import { constant } from "../ops/constant.ts";
import { transpose } from "../ops/shape.ts";
import {
  applyAll,
  bytesOf,
  hostType,
  type Placement,
  type TensorData,
  type TensorType,
  type Value,
} from "../tensor.ts";

interface Held {
  /** As it was made, or as it was first made of parts of a sum. */
  placement: Placement;
  /** What a rank holds of it, by placement. */
  readonly parts: Map<Placement, Value>;
}

export class Layout {
  readonly #world: number;
  readonly #scatters: boolean;
  readonly #held = new Map<Value, Held>();
  /** Values that were made whole from parts. */
  readonly gathered = new Set<Value>();

  /** @param scatters parts of sums are summed into cut tensors rather than whole ones, where nothing else decides */
  constructor(world: number, scatters: boolean) {
    this.#world = world;
    this.#scatters = scatters;
  }

  has(value: Value): boolean {
    return this.#held.has(value);
  }

  place(value: Value, placement: Placement, part: Value): void {
    this.#held.set(value, { placement, parts: new Map([[placement, part]]) });
  }

  /** `value` lies as `other` does: it is the same. */
  alias(value: Value, other: Value): void {
    this.#held.set(value, this.#held.get(other)!);
  }

  placementOf(value: Value): Placement {
    return this.#held.get(value)!.placement;
  }

  /** A rank's part of a side. */
  share(side: number): number {
    return side / this.#world;
  }

  /** Whether ranks can share that axis. */
  divides({ shape }: TensorType, axis: number): boolean {
    return shape[axis]! % this.#world === 0;
  }

  /** Bytes that have to move, in units of the whole tensor once round; ∞ for what cannot be. */
  price(value: Value, wanted: Placement | "any"): number {
    const { placement, parts } = this.#held.get(value)!;
    if (wanted === "any" || parts.has(wanted)) return 0;
    if (wanted === "sum") return Infinity;
    if (placement === null) return 0;
    const scattered = placement === "sum" && this.#scatters && wanted === 0;
    return bytesOf(value) * (placement === "sum" && !scattered ? 2 : 1);
  }

  /** What a rank holds of `value` in that placement. */
  as(value: Value, wanted: Placement | "any"): Value {
    const held = this.#held.get(value)!;
    if (wanted === "any") return held.parts.get(held.placement)!;
    const known = held.parts.get(wanted);
    if (known) return known;
    const part = this.#brought(value, held, wanted);
    held.parts.set(wanted, part);
    if (held.placement === "sum") held.placement = wanted;
    return part;
  }

  #brought(value: Value, { placement, parts }: Held, wanted: Placement): Value {
    const world = this.#world;
    const held = parts.get(placement)!;
    if (wanted === "sum") throw new Error("a value that is no sum cannot be taken apart");
    if (placement === "sum")
      return wanted === null
        ? allReduce(held, world)
        : alongFirst(held, wanted, (rows) => reduceScatter(rows, world));
    if (placement === null) return this.#own(value, held, wanted!);
    this.gathered.add(value);
    const whole = alongFirst(held, placement, (rows) => allGather(rows, world));
    parts.set(null, whole);
    return wanted === null ? whole : this.#own(value, whole, wanted);
  }

  /** A rank's part of what every rank has; of what is the same all along the axis, it is made smaller. */
  #own(value: Value, whole: Value, axis: number): Value {
    const { shape, node } = value;
    const own = shape.with(axis, shape[axis]! / this.#world);
    if (node?.op.name === "broadcast") {
      const [x] = node.inputs as readonly [Value];
      const from = axis - shape.length + x.shape.length;
      if (x.shape[from] !== shape[axis]) return applyAll(node.op, [this.as(x, null)], { shape: own })[0]!;
    }
    const data = node?.attributes.data as TensorData | undefined;
    if (node?.op.name === "constant" && data!.every((one) => Object.is(one, data![0])))
      return constant({
        dtype: hostType(value),
        shape: own,
        data: data!.slice(0, data!.length / this.#world),
      });
    return alongFirst(whole, axis, (rows) => ownRows(rows, this.#world));
  }
}

/** Collectives go along the first axis. */
function alongFirst(x: Value, axis: number, collective: (rows: Value) => Value): Value {
  const exchanged = [...x.shape.keys()];
  [exchanged[0], exchanged[axis]] = [axis, 0];
  return transpose(collective(transpose(x, exchanged)), exchanged);
}
