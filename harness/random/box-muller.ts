/**
 * Box & Muller (1958): words a, b of 32 random bits to r·cos θ and r·sin θ, where r = √(−2 ln u),
 * u = (a + 1)/2³² in (0, 1] and θ = 2π·b/2³². The logarithm, sine and cosine are the polynomials of
 * fdlibm (Sun Microsystems, 1993) in additions, multiplications, one division and one root, which
 * IEEE 754 fixes to the bit: `Math.log` and `Math.cos` may differ between engines. |z| ≤ √(64 ln 2) = 6.66.
 */

const LN2 = Math.LN2;
const SQRT2 = Math.SQRT2;
/** 2π/2³²: the angle of one unit of b. */
const UNIT = (2 * Math.PI) / 2 ** 32;
/** 2⁻ᵉ for e = 0 … 32. */
const INVERSE_POWERS = Float64Array.from({ length: 33 }, (_, e) => 2 ** -e);

/** r of the first word. */
function radius(a: number): number {
  // a + 1 = m·2ᵉ with m in [√½, √2), so ln u = (e − 32) ln 2 + ln m.
  const x = a + 1;
  let exponent = a === 0xffffffff ? 32 : 31 - Math.clz32(x);
  let m = x * INVERSE_POWERS[exponent]!;
  if (m >= SQRT2) {
    m *= 0.5;
    exponent++;
  }
  // ln(1 + f) = 2·artanh s, s = f/(2 + f): fdlibm's e_log.c.
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const series =
    z *
    (0.6666666666666735 +
      z *
        (0.3999999999940942 +
          z *
            (0.2857142874366239 +
              z *
                (0.22222198432149784 +
                  z * (0.1818357216161805 + z * (0.15313837699209373 + z * 0.14798198605116586))))));
  const halfSquare = 0.5 * f * f;
  const logarithm = (exponent - 32) * LN2 + (f - (halfSquare - s * (halfSquare + series)));
  return Math.sqrt(-2 * logarithm);
}

/** Sine on ±π/4: fdlibm's k_sin.c. */
function sine(x: number): number {
  const z = x * x;
  return (
    x +
    x *
      z *
      (-0.16666666666666632 +
        z *
          (0.00833333333332249 +
            z *
              (-0.0001984126982985795 +
                z * (0.0000027557313707070068 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)))))
  );
}

/** Cosine on ±π/4: fdlibm's k_cos.c. */
function cosine(x: number): number {
  const z = x * x;
  return (
    1 -
    0.5 * z +
    z *
      z *
      (0.0416666666666666 +
        z *
          (-0.001388888888887411 +
            z *
              (0.00002480158728947673 +
                z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))))
  );
}

/**
 * `count` (even) words from `words[start]` on to as many standard normals from `normals[0]` on;
 * words 2k and 2k + 1 make normals 2k (the cosine) and 2k + 1 (the sine).
 */
export function boxMuller(words: Uint32Array, start: number, count: number, normals: Float64Array): void {
  for (let i = 0; i < count; i += 2) {
    const r = radius(words[start + i]!);
    const b = words[start + i + 1]!;
    // The nearest multiple of a quarter turn, and the rest in ±2²⁹ units: ±π/4.
    const quarter = (b + 0x20000000) >>> 30;
    const rest = ((b - (quarter << 30)) | 0) * UNIT;
    const x = r * cosine(rest);
    const y = r * sine(rest);
    const turned = (quarter & 1) === 1;
    const along = turned ? -y : x;
    const across = turned ? x : y;
    normals[i] = quarter >= 2 ? -along : along;
    normals[i + 1] = quarter >= 2 ? -across : across;
  }
}
