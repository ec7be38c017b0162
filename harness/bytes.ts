/** Bytes as people read them. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** "141 GB", "1.71 GB", "20.3 MB": three significant digits, in the largest unit that leaves a whole number before the point. */
export function bytesText(bytes: number): string {
  const rounded = Number(bytes.toPrecision(3));
  const power = rounded < 1 ? 0 : Math.floor(Math.log10(rounded) / 3 + 1e-12);
  const unit = Math.min(power, UNITS.length - 1);
  return `${Number((rounded / 10 ** (3 * unit)).toPrecision(3)).toLocaleString("en")} ${UNITS[unit]}`;
}
