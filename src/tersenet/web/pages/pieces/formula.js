// Formulas as MathML.

import { math } from "./dom.js";
import { short } from "./number.js";

/** @typedef {Node | string} Part */

/** A quantity's name: h1, a_h1, E_total, w5. @param {string} name @returns {Node} */
export function quantity(name) {
  if (name.startsWith("a_")) return math("msub", {}, math("mi", {}, "a"), quantity(name.slice(2)));
  const [, letters, index] = /^([A-Za-z]+)_?(.*)$/.exec(name) ?? [name, name, ""];
  if (!index) return math("mi", {}, letters);
  return math("msub", {}, math("mi", {}, letters), math(/^\d/.test(index) ? "mn" : "mtext", {}, index.replace("_", ",")));
}

/** ∂child/∂parent. @param {string} child @param {string} parent */
export function partial(child, parent) {
  const side = (/** @type {string} */ name) => math("mrow", {}, math("mo", {}, "∂"), quantity(name));
  return math("mfrac", {}, side(child), side(parent));
}

/** A number; a negative one in brackets where it is a factor. @param {number} value @param {boolean} [factor] @param {number} [digits] */
export function figure(value, factor = false, digits = 5) {
  const text = short(value, digits);
  return factor && value < 0 ? math("mrow", {}, math("mo", {}, "("), math("mn", {}, text), math("mo", {}, ")")) : math("mn", {}, text);
}

/** Parts with a sign between them. @param {Part[]} parts @param {string} sign @returns {Part[]} */
export function joined(parts, sign) {
  return parts.flatMap((part, place) => (place ? [operator(sign), part] : [part]));
}

/** @param {string} sign */
export function operator(sign) {
  return math("mo", {}, sign);
}

/** A group that carries a tag, which gives it the colour of its path. @param {string} tag @param {Part[]} parts */
export function tagged(tag, ...parts) {
  return math("mrow", { class: tag }, ...parts);
}

/** A formula in pieces, one for each = in it: a narrow page breaks the line between them. @param {Part[]} parts */
export function formula(...parts) {
  const pieces = document.createDocumentFragment();
  let piece = math("math", { displaystyle: "true" });
  for (const part of parts) {
    if (part instanceof Element && part.localName === "mo" && part.textContent === "=") {
      pieces.append(piece, " ");
      piece = math("math", { displaystyle: "true" });
    }
    piece.append(part);
  }
  pieces.append(piece);
  return pieces;
}
