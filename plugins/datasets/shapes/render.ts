import type { Stream } from "../../../harness/random/index.ts";
import type { Outline } from "./outlines.ts";

/** Everything that determines an image. Lengths are parts of the image's side; colours 0 … 255. */
export interface Scene {
  readonly outline: Outline;
  readonly centreX: number;
  readonly centreY: number;
  /** Of the circle the outline lies in. */
  readonly radius: number;
  /** Radians, anticlockwise. */
  readonly angle: number;
  readonly colour: Colour;
  readonly ground: Colour;
}

type Colour = readonly [number, number, number];

/** Part of the data set's identity; raise it when a pixel of any image changes. */
export const RENDERER_VERSION = 1;

const PALETTE: readonly Colour[] = [
  [229, 62, 69], // red
  [245, 128, 37], // orange
  [242, 183, 5], // yellow
  [62, 168, 78], // green
  [16, 166, 166], // teal
  [45, 110, 225], // blue
  [125, 76, 219], // violet
  [228, 72, 156], // pink
];
const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];

/**
 * One large object near the centre: 52 … 72 % of the side, at most 6 % off centre and 17° turned, in one
 * colour of eight, on a nearly white ground. So that a tiny model can learn it in about 2,000 steps.
 */
export function drawScene(outline: Outline, random: Stream): Scene {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  return {
    outline,
    centreX: between(0.44, 0.56),
    centreY: between(0.44, 0.56),
    radius: between(0.26, 0.36),
    angle: between(-0.3, 0.3),
    colour: mix(PALETTE[random.integer(PALETTE.length)]!, BLACK, between(0, 0.12)),
    ground: mix(WHITE, PALETTE[random.integer(PALETTE.length)]!, between(0.02, 0.12)),
  };
}

function mix(from: Colour, to: Colour, part: number): Colour {
  return [0, 1, 2].map((c) => from[c]! + (to[c]! - from[c]!) * part) as [number, number, number];
}

/**
 * Renders into `out`, uint8 RGB [side, side, 3]. A pixel's coverage falls linearly over one pixel across
 * the outline, from its centre's signed distance; the colours are mixed by it as they are stored.
 */
export function render(scene: Scene, side: number, out: Uint8Array): void {
  const { outline, ground, colour } = scene;
  const [red, green, blue] = ground.map(Math.round) as [number, number, number];
  for (let i = 0; i < out.length; i += 3) {
    out[i] = red;
    out[i + 1] = green;
    out[i + 2] = blue;
  }
  const radius = scene.radius * side;
  const centreX = scene.centreX * side;
  const centreY = scene.centreY * side;
  const cos = Math.cos(scene.angle) / radius;
  const sin = Math.sin(scene.angle) / radius;
  const first = (centre: number) => Math.max(0, Math.floor(centre - radius - 1));
  const last = (centre: number) => Math.min(side, Math.ceil(centre + radius + 1));
  for (let y = first(centreY); y < last(centreY); y++) {
    const up = centreY - y - 0.5;
    for (let x = first(centreX); x < last(centreX); x++) {
      const right = x + 0.5 - centreX;
      if (right * right + up * up > (radius + 1) * (radius + 1)) continue;
      const distance = outline(right * cos + up * sin, up * cos - right * sin) * radius;
      if (distance >= 0.5) continue;
      const coverage = Math.min(1, 0.5 - distance);
      const at = (y * side + x) * 3;
      for (let c = 0; c < 3; c++) out[at + c] = Math.round(ground[c]! + (colour[c]! - ground[c]!) * coverage);
    }
  }
}
