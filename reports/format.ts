/** Numbers as people read them: digits matched to the error, SI prefixes, units. */

/** What stands where there is no value. */
export const NO_VALUE = "—";

const PREFIXES = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];

/** Units that are counted in powers of a thousand, by the spellings they come in. */
const SCALED: Record<string, string> = {
  FLOP: "FLOP",
  FLOPs: "FLOP",
  MAC: "MAC",
  MACs: "MAC",
  byte: "B",
  bytes: "B",
  B: "B",
  parameters: "",
};

/** Units that say nothing a reader needs beside every number. */
const SILENT = new Set([
  "",
  "share",
  "calls",
  "1",
  "squared feature units",
  "MMD²",
  "effective classes",
  "effective samples",
  "balls per neighbour",
]);

export interface Shown {
  readonly value: number | null;
  readonly standardError?: number | null;
  readonly unit?: string;
  /** By which its column's unit is chosen (`columnSize`); without it, its own size. */
  readonly size?: number;
}

/** What the unit of a column is chosen by: its largest value, or a thousandth of that where others would be below a tenth of the unit. */
export function columnSize(values: readonly (number | null)[]): number {
  const sizes = values.flatMap((value) => (value ? [Math.abs(value)] : []));
  if (sizes.length === 0) return 0;
  const largest = Math.max(...sizes);
  const unit = 1000 ** Math.floor(Math.log10(largest) / 3 + 1e-12);
  return Math.min(...sizes) < 0.1 * unit ? largest / 1000 : largest;
}

/** Cells of one column, told in one unit. */
export function inOneUnit<Cell extends Shown>(cells: readonly Cell[]): (Cell & { readonly size: number })[] {
  const size = columnSize(cells.map(({ value }) => value));
  return cells.map((cell) => ({ ...cell, size }));
}

/**
 * "61.2 ± 1.8", "80.2 TFLOP", "51 ms".
 * @param errorDigits significant digits of the error; the value's last digit is the error's
 */
export function quantity(shown: Shown, errorDigits = 2): string {
  const { value, standardError = null, unit = "" } = shown;
  if (value === null) return NO_VALUE;
  const scaled = scale(shown.size ?? Math.max(Math.abs(value), standardError ?? 0), unit);
  // Rounding noise is no error: of equal images, say.
  const known = standardError !== null && standardError > 1e-9 * Math.abs(value);
  const error = known ? standardError * scaled.factor : null;
  const text = withError(value * scaled.factor, error, errorDigits);
  return scaled.unit === "" ? text : `${text} ${scaled.unit}`;
}

/** @param size of the value or its error, whichever is larger */
function scale(size: number, unit: string): { factor: number; unit: string } {
  if (unit === "s" && size !== 0 && size < 1) return { factor: 1e3, unit: "ms" };
  const base = Object.hasOwn(SCALED, unit) ? SCALED[unit] : undefined;
  if (base === undefined) return { factor: 1, unit: SILENT.has(unit) ? "" : unit };
  const power = size === 0 ? 0 : Math.floor(Math.log10(size) / 3 + 1e-12);
  const prefix = Math.min(Math.max(power, 0), PREFIXES.length - 1);
  return { factor: 10 ** (-3 * prefix), unit: `${PREFIXES[prefix]}${base}` };
}

function withError(value: number, error: number | null, errorDigits: number): string {
  const size = Math.max(Math.abs(value), error ?? 0);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return scientific(value, error, errorDigits, size);
  if (error === null || error === 0) return significant(value);
  const decimals = decimalsFor(error, errorDigits);
  return `${fixed(value, decimals)} ± ${fixed(error, decimals)}`;
}

/** "(4.1 ± 0.3)×10⁻⁵": one power for the value and its error. */
function scientific(value: number, error: number | null, errorDigits: number, size: number): string {
  const exponent = Math.floor(Math.log10(size));
  // Divided twice, since a power of ten beyond 1e308 is not a number.
  const mantissa = (one: number): number =>
    one / 10 ** Math.trunc(exponent / 2) / 10 ** (exponent - Math.trunc(exponent / 2));
  const power = `×10${superscript(exponent)}`;
  if (error === null || error === 0) return `${significant(mantissa(value))}${power}`;
  const decimals = Math.min(decimalsFor(mantissa(error), errorDigits), 6);
  return `(${fixed(mantissa(value), decimals)} ± ${fixed(mantissa(error), decimals)})${power}`;
}

const decimalsFor = (error: number, digits: number): number =>
  Math.min(Math.max(digits - 1 - Math.floor(Math.log10(error)), 0), 12);

/** Four significant digits, whole numbers in full with commas every three digits. */
function significant(value: number): string {
  if (Number.isInteger(value)) return signed(value.toLocaleString("en-US"));
  const rounded = Number(value.toPrecision(4));
  return signed(rounded.toLocaleString("en-US", { maximumSignificantDigits: 4 }));
}

const fixed = (value: number, decimals: number): string => {
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return signed(text === `-${(0).toFixed(decimals)}` ? text.slice(1) : text);
};

const signed = (text: string): string => text.replace("-", "−");

const superscript = (exponent: number): string =>
  [...String(exponent)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("");

/** What stands where a cost was not counted, and nobody tells it. */
const UNKNOWN = "unknown";

/** A cost: "1.2 TMAC", "1.2 TMAC (declared)" where it was not counted here, "unknown" where it is not told either. */
export function cost(shown: Shown & { readonly told?: string | undefined }): string {
  if (shown.value === null) return UNKNOWN;
  return `${quantity(shown)}${shown.told === undefined ? "" : ` (${shown.told})`}`;
}

/** "2,048", or a dash. */
export const count = (value: number | null): string =>
  value === null ? NO_VALUE : value.toLocaleString("en-US");

/** "↓": which way is better. */
export const arrow = (direction: "lower" | "higher" | "none"): string =>
  ({ lower: " ↓", higher: " ↑", none: "" })[direction];
