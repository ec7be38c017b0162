/** One network call at the noisiest level (Song et al., Consistency Models, arXiv:2303.01469 §3). */
import type { Solver } from "../../solvers/solver.ts";

export const oneStep: Solver = (denoise, x, levels) => denoise(x, levels[0]!);
