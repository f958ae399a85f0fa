// Numbers as people read them.

/** Significant digits with a true minus sign; very small and very large ones with a power of ten. @param {number} value @param {number} [digits] */
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) {
    const [mantissa, exponent] = value.toExponential(Math.max(0, digits - 2)).split("e");
    return minus(`${mantissa}·10${superscript(Number(exponent))}`);
  }
  return minus(trimmed(value.toPrecision(digits)));
}

/** @param {string} text */
function trimmed(text) {
  return text.includes(".") && !text.includes("e") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

/** @param {string} text */
export function minus(text) {
  return text.replaceAll("-", "−");
}

/** @param {number} number */
function superscript(number) {
  return [...String(number)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
}

/** A whole number with its thousands apart. @param {number} value */
export function grouped(value) {
  return Math.round(value).toLocaleString("en");
}

/** @param {number} part of 1 @param {number} [decimals] */
export function percent(part, decimals = 2) {
  return `${(100 * part).toFixed(decimals)} %`;
}
