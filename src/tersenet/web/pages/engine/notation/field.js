// The receptive field: which pixels of the picture a position of a layer's maps sees.

import { isBlock } from "./tree.js";

/** @typedef {import("./tree.js").BlockNode} BlockNode */
/** @typedef {import("./tree.js").LayerNode} LayerNode */
/** @typedef {{ first: number, last: number, jump: number, whole: boolean }} Field pixels that position 0 sees along an axis,
 *   pixels between two positions; `whole`: everything */

const MIXING = new Set(["GN", "LN", "GAP", "GMP", "N"]);

/** The field of every step, in the order of calls. @param {BlockNode} tree @returns {Field[]} */
export function fieldsOf(tree) {
  /** @type {Field[]} */
  const found = [];
  block(tree, { first: 0, last: 0, jump: 1, whole: false }, found);
  return found;
}

/** @param {BlockNode} node @param {Field} given @param {Field[]} found @returns {Field} */
function block(node, given, found) {
  if (node.block === "sum" || node.block === "join") {
    return node.layers.map((branch) => block(/** @type {BlockNode} */ (branch), given, found)).reduce(united);
  }
  let field = given;
  for (let time = 0; time < node.times; time++) {
    for (const each of node.layers) {
      field = isBlock(each) ? block(each, field, found) : layer(each, field);
      if (!isBlock(each)) found.push(field);
    }
  }
  return node.block === "residual" ? united(field, given) : field;
}

/** @param {LayerNode} node @param {Field} given @returns {Field} */
function layer({ kind, fields }, given) {
  if (MIXING.has(kind)) return { ...given, whole: true };
  if (!("kernel" in fields)) return given;
  const { kernel, padding, stride, dilation = 1 } = fields;
  return {
    ...given,
    first: given.first - padding * given.jump,
    last: given.last + ((kernel - 1) * dilation - padding) * given.jump,
    jump: given.jump * stride,
  };
}

/** @param {Field} one @param {Field} other @returns {Field} */
function united(one, other) {
  return { first: Math.min(one.first, other.first), last: Math.max(one.last, other.last), jump: one.jump, whole: one.whole || other.whole };
}
