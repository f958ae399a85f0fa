// One cell of a map: the window that it sees, the kernel, and the sum in numbers.

import { html, svg } from "../pieces/dom.js";
import { short } from "../pieces/number.js";
import { Convolution } from "../engine/layers/convolution.js";
import { Dense } from "../engine/layers/dense.js";
import { GlobalAverage } from "../engine/layers/global_average.js";
import { Pooling } from "../engine/layers/pooling.js";
import { Normalising } from "../engine/normalisations/normalising.js";

/** @typedef {import("../pieces/tiles.js").Cell} Cell */
/** @typedef {{ layer: import("../engine/layers/layer.js").Layer, x: Float32Array, y: Float32Array }} Seen */

const MOST_SHOWN = 3; // channels whose windows are shown in numbers

/** How a cell comes about. @param {Seen} seen @param {string} word @param {Cell} cell @returns {Node[]} */
export function explainCell({ layer, x, y }, word, cell) {
  const [, height = 1, width = 1] = layer.outputShape.length === 3 ? layer.outputShape : [0];
  const at = (cell.channel * height + cell.y) * width + cell.x, value = y[at];
  const title = html("h3", {}, `${word}: map ${cell.channel + 1}${height * width > 1 ? `, row ${cell.y + 1}, column ${cell.x + 1}` : ""}`);
  const result = html("p", {}, "The result is ", html("b", {}, short(value, 5)), ".");
  if (layer instanceof Convolution) return [title, ...convolved(layer, x, cell, value)];
  if (layer instanceof Dense) return [title, ...weighed(layer, x, cell, value)];
  if (layer instanceof Pooling) {
    const { kernel, stride, padding } = layer.fields;
    const grid = window2d(x, layer.inputShape, cell.channel, cell.y * stride - padding, cell.x * stride - padding, kernel, 1);
    return [title, table("window", grid), html("p", {}, word.startsWith("M") ? "The largest of the window." : "The average of the window."), result];
  }
  if (layer instanceof GlobalAverage || layer.outputs < layer.inputs) {
    const pixels = layer.inputs / layer.outputs, part = [...x.subarray(cell.channel * pixels, (cell.channel + 1) * pixels)];
    return [title, html("p", {}, `From the ${pixels} values of its map, from ${short(Math.min(...part))} to ${short(Math.max(...part))}.`), result];
  }
  if (layer instanceof Normalising && layer.buffers.length) {
    const [mean, variance] = layer.buffers.map((buffer) => buffer.values[cell.channel]), [scale, shift] = layer.weights.map((weight) => weight.values[cell.channel]);
    return [title, html("p", {}, `(${short(x[at], 5)} − ${short(mean, 5)}) / √(${short(variance, 5)} + 0.00001) · ${short(scale, 5)} + ${short(shift, 5)} = `, html("b", {}, short(value, 5)), "."),
      html("p", { class: "note" }, "minus the running mean, over the running deviation, times the learned scale, plus the learned shift")];
  }
  return [title, html("p", {}, `${short(x[at], 5)} becomes `, html("b", {}, short(value, 5)), ".")];
}

/** @param {Convolution} layer @param {Float32Array} x @param {Cell} cell @param {number} value */
function convolved(layer, x, cell, value) {
  const { kernel, stride, padding, dilation, groups, channels } = layer.fields, [weight, bias] = layer.weights;
  const own = layer.inputShape[0] / groups, first = Math.floor(cell.channel / (channels / groups)) * own;
  const parts = Array.from({ length: own }, (_, c) => {
    const grid = window2d(x, layer.inputShape, first + c, cell.y * stride - padding, cell.x * stride - padding, kernel, dilation);
    const from = (cell.channel * own + c) * kernel * kernel, weights = [...weight.values.subarray(from, from + kernel * kernel)];
    const sum = grid.flat().reduce((total, each, place) => total + each * weights[place], 0);
    return { channel: first + c, grid, weights: Array.from({ length: kernel }, (_, row) => weights.slice(row * kernel, (row + 1) * kernel)), sum };
  });
  const shown = [...parts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, MOST_SHOWN);
  const rest = parts.reduce((sum, part) => sum + part.sum, 0) - shown.reduce((sum, part) => sum + part.sum, 0);
  const sums = [...shown.map((part) => short(part.sum, 5)), ...(parts.length > shown.length ? [`${short(rest, 5)} (${parts.length - shown.length} other maps)`] : []), ...(bias ? [`${short(bias.values[cell.channel], 5)} (bias)`] : [])];
  return [
    ...shown.map((part) => html("div", { class: "product" },
      table(own > 1 ? `window, map ${part.channel + 1}` : "window", part.grid), html("span", {}, "·"), table("kernel", part.weights), html("span", {}, `= ${short(part.sum, 5)}`))),
    html("p", {}, sums.length > 1 ? `${sums.join(" + ")} = ` : "The sum of all products: ", html("b", {}, short(value, 5)), "."),
  ];
}

/** @param {Dense} layer @param {Float32Array} x @param {Cell} cell @param {number} value */
function weighed(layer, x, cell, value) {
  const [weight, bias] = layer.weights;
  const terms = [...x].map((given, place) => ({ place, given, weight: weight.values[cell.channel * layer.inputs + place] }));
  terms.sort((a, b) => Math.abs(b.given * b.weight) - Math.abs(a.given * a.weight));
  const shown = terms.slice(0, 8);
  const body = shown.map((term) => html("tr", {}, html("th", { scope: "row" }, `value ${term.place + 1}`), ...[term.given, term.weight, term.given * term.weight].map((each) => html("td", {}, short(each, 4)))));
  return [
    html("table", {}, html("thead", {}, html("tr", {}, ...["", "value", "weight", "product"].map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, ...body)),
    html("p", {}, `The sum of all ${terms.length} products${bias ? ` and the bias ${short(bias.values[cell.channel], 4)}` : ""}: `, html("b", {}, short(value, 5)), "."),
  ];
}

/** @param {Float32Array} x @param {number[]} shape @param {number} channel @param {number} top @param {number} left @param {number} size @param {number} step */
function window2d(x, [, height, width], channel, top, left, size, step) {
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => {
    const y = top + row * step, at = left + column * step;
    return y < 0 || at < 0 || y >= height || at >= width ? 0 : x[(channel * height + y) * width + at];
  }));
}

/** Numbers in squares, blue where positive and orange where negative. @param {string} caption @param {number[][]} grid */
function table(caption, grid) {
  const side = 44, most = Math.max(...grid.flat().map(Math.abs), 1e-9);
  const drawing = svg("svg", { width: side * grid[0].length, height: side * grid.length, role: "img", "aria-label": `${caption}: ${grid.map((row) => row.map((value) => short(value, 3)).join(" ")).join("; ")}` });
  grid.forEach((row, y) => row.forEach((value, x) => drawing.append(
    svg("rect", { x: x * side, y: y * side, width: side, height: side, class: "square", fill: `color-mix(in srgb, var(--${value < 0 ? "orange" : "blue"}) ${Math.round((45 * Math.abs(value)) / most)}%, var(--paper))` }),
    svg("text", { x: (x + 0.5) * side, y: (y + 0.5) * side + 4 }, short(value, 2)),
  )));
  return html("figure", { class: "grid" }, drawing, html("figcaption", {}, caption));
}
