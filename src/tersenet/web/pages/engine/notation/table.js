// How the kinds of layers are written, as Python's registry says (`web/kinds_table.py`).

/** @typedef {{ name: string, what: string, letter: string, low: number, high: number, decimal: boolean,
 *   below: boolean, switch: boolean, longest: number, default: number | null, shown: string }} Written */
/** @typedef {{ letters: string, example: string, name: string, words: string, family: string, form: string,
 *   alsoCalled: string[], before: Written | null, after: Written | null, options: Written[] }} Kind */
/** @typedef {Record<string, Kind>} Kinds by their letters in capitals, in the order in which they are listed */

/** @param {Written} written @param {number} value */
export function spelled(written, value) {
  if (written.switch) return "";
  return written.decimal ? decimalWithoutExponent(value) : String(value);
}

/** A number without an exponent and without the zero before its point: .05. @param {number} value */
export function decimalWithoutExponent(value) {
  let text = String(value);
  const [, digits, exponent] = /^([\d.]+)e-(\d+)$/.exec(text) ?? [];
  if (digits) text = "0." + "0".repeat(Number(exponent) - 1) + digits.replace(".", "");
  if (text.includes(".")) text = text.replace(/\.?0+$/, "");
  return text.startsWith("0.") ? text.slice(1) : text;
}

/** The word of a layer: 16C3p1. @param {Kind} kind @param {Record<string, number>} fields */
export function layerWord(kind, fields) {
  let word = kind.before ? spelled(kind.before, fields[kind.before.name]) : "";
  word += kind.letters;
  if (kind.after) word += spelled(kind.after, fields[kind.after.name]);
  for (const option of kind.options) {
    const usual = option.default ?? fields.kernel;
    if (fields[option.name] !== usual) word += option.letter + spelled(option, fields[option.name]);
  }
  return word;
}
