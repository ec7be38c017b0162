/**
 * The outlines, as exact signed distance functions (negative inside): I. Quilez, "2D distance functions",
 * iquilezles.org/articles/distfunctions2d. Every outline lies within the unit circle around the origin, y up.
 */
export type Outline = (x: number, y: number) => number;

/** Kinds in label order. Part of the data set's identity. */
export const OUTLINES: Readonly<Record<string, Outline>> = {
  circle: (x, y) => Math.hypot(x, y) - 0.84,
  square: rounded(regular(4, 1, Math.PI / 4), 0.06),
  triangle: rounded(regular(3, 1, Math.PI / 2), 0.06),
  star: rounded(star(5, 1, 0.48), 0.05),
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.66) - 0.22,
  heart: (x, y) => heart(x / 1.45, y / 1.45 + 0.55) * 1.45,
  cross: rounded(cross(0.93, 0.3), 0.05),
  crescent: (x, y) => crescent(x + 0.08, y, 0.92, 0.74, 0.46),
};

/** Corners rounded: the outline shrunk by the rounding, then grown by it again as an offset curve. */
function rounded(vertices: readonly number[], rounding: number): Outline {
  const core = polygon(vertices.map((v) => v * (1 - rounding)));
  return (x, y) => core(x, y) - rounding;
}

/** Vertices x, y, x, y, … of a regular polygon. */
function regular(corners: number, radius: number, start: number): number[] {
  return Array.from({ length: corners }, (_, i) => {
    const angle = start + (2 * Math.PI * i) / corners;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }).flat();
}

function star(points: number, outer: number, inner: number): number[] {
  return Array.from({ length: 2 * points }, (_, i) => {
    const angle = Math.PI / 2 + (Math.PI * i) / points;
    const radius = i % 2 === 0 ? outer : inner;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }).flat();
}

/** A plus sign: arms of length `arm` and half-width `half`. */
function cross(arm: number, half: number): number[] {
  const corner = [arm, -half, arm, half, half, half];
  return [0, 1, 2, 3].flatMap((quarter) => {
    const cos = [1, 0, -1, 0][quarter]!;
    const sin = [0, 1, 0, -1][quarter]!;
    return [0, 2, 4].flatMap((i) => {
      const [x, y] = [corner[i]!, corner[i + 1]!];
      return [x * cos - y * sin, x * sin + y * cos];
    });
  });
}

/** Distance to the nearest edge; inside where a ray to the right crosses an odd number of edges. */
function polygon(points: readonly number[]): Outline {
  const vertices = Float64Array.from(points);
  const n = vertices.length;
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    let sign = 1;
    for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
      const edgeX = vertices[j]! - vertices[i]!;
      const edgeY = vertices[j + 1]! - vertices[i + 1]!;
      const fromX = x - vertices[i]!;
      const fromY = y - vertices[i + 1]!;
      const along = (fromX * edgeX + fromY * edgeY) / (edgeX * edgeX + edgeY * edgeY);
      const t = Math.max(0, Math.min(along, 1));
      const offX = fromX - edgeX * t;
      const offY = fromY - edgeY * t;
      const squared = offX * offX + offY * offY;
      if (squared < nearest) nearest = squared;
      const above = fromY >= 0;
      const below = y < vertices[j + 1]!;
      const left = edgeX * fromY > edgeY * fromX;
      if (above === below && below === left) sign = -sign;
    }
    return sign * Math.sqrt(nearest);
  };
}

/** Two quarter-turned lobes of radius √2/4 over a tip at the origin; 1.1 high, 1.2 wide. */
function heart(signedX: number, y: number): number {
  const x = Math.abs(signedX);
  if (x + y > 1) return Math.hypot(x - 0.25, y - 0.75) - Math.SQRT2 / 4;
  const diagonal = 0.5 * Math.max(x + y, 0);
  const nearest = Math.min(x * x + (y - 1) ** 2, (x - diagonal) ** 2 + (y - diagonal) ** 2);
  return Math.sqrt(nearest) * Math.sign(x - y);
}

/** A disc of radius `outer` less a disc of radius `inner` whose centre is `shift` to the right. */
function crescent(x: number, signedY: number, outer: number, inner: number, shift: number): number {
  const y = Math.abs(signedY);
  const tipX = (outer * outer - inner * inner + shift * shift) / (2 * shift);
  const tipY = Math.sqrt(Math.max(outer * outer - tipX * tipX, 0));
  if (shift * (x * tipY - y * tipX) > shift * shift * Math.max(tipY - y, 0))
    return Math.hypot(x - tipX, y - tipY);
  return Math.max(Math.hypot(x, y) - outer, inner - Math.hypot(x - shift, y));
}
