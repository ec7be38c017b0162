/** What the network on latents learns: a DiT predicts the noise of a diffusion, a SiT the velocity of a flow. */

/** "flow": SiT's linear path and velocity (Ma et al., arXiv:2401.08740). */
export const OBJECTIVES = ["diffusion", "flow"] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** What a network of that objective is called, as a stage too. */
export const titleOf = (objective: Objective): "DiT" | "SiT" => (objective === "flow" ? "SiT" : "DiT");
