// The tree of a notation: layers and blocks of them; it prints itself back.

import { layerWord } from "./table.js";

/** @typedef {import("./table.js").Kinds} Kinds */
/** @typedef {{ kind: string, fields: Record<string, number>, start: number, end: number }} LayerNode */
/** @typedef {{ block: "network" | "residual" | "branch" | "sum" | "join" | "repeat" | "shared", layers: Node[],
 *   times: number, start: number, end: number }} BlockNode `start` and `end`: its place in the text */
/** @typedef {LayerNode | BlockNode} Node */

export const MAX_TIMES = 1000;
export const MAX_LAYERS = 2000;
export const MAX_DEPTH = 40;

/** @param {Node} node @returns {node is BlockNode} */
export function isBlock(node) {
  return "block" in node;
}

/** @param {BlockNode} node @returns {[string, string]} */
export function ends(node) {
  if (node.block === "repeat") return ["(", `)x${node.times}`];
  if (node.block === "shared") return ["(", `)*${node.times}`];
  return node.block === "network" || node.block === "branch" ? ["", ""] : ["[", "]"];
}

/** @param {Node} node @param {Kinds} kinds @returns {string} */
export function printed(node, kinds) {
  if (!isBlock(node)) return layerWord(kinds[node.kind.toUpperCase()], node.fields);
  const between = { sum: " + ", join: " & " }[/** @type {string} */ (node.block)] ?? " ";
  const [opening, closing] = ends(node);
  return opening + node.layers.map((layer) => printed(layer, kinds)).join(between) + closing;
}

/** Levels of blocks inside blocks, with this one. @param {BlockNode} node @returns {number} */
export function depth(node) {
  const own = node.block === "branch" ? 0 : 1;
  return own + Math.max(0, ...node.layers.filter(isBlock).map(depth));
}

/** Layers when all repetitions are written out. @param {BlockNode} node @returns {number} */
export function size(node) {
  return node.times * node.layers.reduce((sum, layer) => sum + (isBlock(layer) ? size(layer) : 1), 0);
}
