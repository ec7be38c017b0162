/**
 * Student's t distribution through the regularised incomplete beta function (Abramowitz & Stegun
 * 26.5.27 and 26.5.8): the intervals and p-values of every comparison.
 */

/** ln Γ(x), x > 0: Lanczos' approximation (g = 7, nine terms), relative error below 1e-14. */
function logGamma(x: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  let sum = 0.9999999999998099;
  for (const [i, c] of coefficients.entries()) sum += c / (x + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The continued fraction of the incomplete beta function by Lentz' method; converges fast for x < (a+1)/(a+b+2). */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

/** I_x(a, b), the regularised incomplete beta function; `complement` is 1 − x, given apart so that neither loses digits. */
function incompleteBeta(a: number, b: number, x: number, complement: number): number {
  if (x <= 0) return 0;
  if (complement <= 0) return 1;
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(complement);
  const front = Math.exp(logFront);
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, complement)) / b;
}

/** Infinite degrees of freedom are taken as this many: the 97.5 % quantile is then off by 2.4e-6. */
const MOST_DEGREES = 1e6;

/** P(T ≥ t) for Student's t with `degreesOfFreedom` > 0 (Infinity: the normal distribution). */
export function studentUpperTail(t: number, degreesOfFreedom: number): number {
  const df = Math.min(degreesOfFreedom, MOST_DEGREES);
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return t > 0 ? 0 : 1;
  const tail = 0.5 * incompleteBeta(df / 2, 0.5, df / (df + square), square / (df + square));
  return t >= 0 ? tail : 1 - tail;
}

/** The t with P(T ≤ t) = `probability`, 0 < probability < 1, by bisection to the last bits. */
export function studentQuantile(probability: number, degreesOfFreedom: number): number {
  if (probability < 0.5) return -studentQuantile(1 - probability, degreesOfFreedom);
  const tail = 1 - probability;
  let low = 0;
  let high = 1;
  while (studentUpperTail(high, degreesOfFreedom) > tail) high *= 2;
  while (high - low > 1e-13 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (studentUpperTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
