/** Communication by its definition: of every rank's tensor, in the order of ranks, what each rank gets. */
type Collective = (all: readonly Float64Array[]) => readonly Float64Array[];

const total: (all: readonly Float64Array[]) => Float64Array = ([first, ...rest]) =>
  first!.map((value, i) => rest.reduce((sum, other) => sum + other[i]!, value));

const joined = (all: readonly Float64Array[]): Float64Array =>
  Float64Array.from(all.flatMap((data) => [...data]));

/** The `rank`th of as many equal runs of rows as there are ranks. */
const rowsOf = (data: Float64Array, rank: number, world: number): Float64Array =>
  data.slice((rank * data.length) / world, ((rank + 1) * data.length) / world);

export const collectives = {
  allGather: (all) => all.map(() => joined(all)),
  allReduce: (all) => all.map(() => total(all)),
  ownRows: (all) => all.map((data, rank) => rowsOf(data, rank, all.length)),
  reduceScatter: (all) => all.map((_, rank) => rowsOf(total(all), rank, all.length)),
} satisfies Record<string, Collective>;
