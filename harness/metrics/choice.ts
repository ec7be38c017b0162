/** `size` different rows of n, drawn by a tool's generator. */
export type Choice = (n: number, size: number) => Int32Array;
