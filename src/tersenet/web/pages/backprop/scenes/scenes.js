// Two small scenes beside the network: a convolution with its pooling, and batch normalisation; every number can be edited.

import { html } from "../../pieces/dom.js";
import { short } from "../../pieces/number.js";
import { USUAL as BATCH, inputDifference, normalise } from "./batch_norm.js";
import { USUAL as CONVOLUTION, convolve, kernelDifference } from "./convolution.js";

/** @typedef {import("./convolution.js").Grid} Grid */

/** @param {HTMLElement} host */
export function convolutionScene(host) {
  let given = structuredClone(CONVOLUTION), chosen = [0, 0], place = [1, 1];
  const pooling = html("select", { change: () => { given.pooling = pooling.value; show(); } }, html("option", { value: "max" }, "the largest"), html("option", { value: "average" }, "the average"));
  const inputs = html("div", { class: "grids" }), shown = html("div", {});
  const number = (/** @type {string} */ label, /** @type {"bias" | "denseBias" | "target"} */ name) => html("label", {}, `${label} `, field(given[name], label, (value) => { given[name] = value; show(); }));
  host.replaceChildren(
    html("p", {}, "The kernel slides over the image; at each place the products and the bias are added up. Choose a place of the map, or a weight of the kernel's slope."),
    inputs, html("p", { class: "settings" }, html("label", {}, "pooling takes ", pooling), number("bias b", "bias"), number("dense bias c", "denseBias"), number("target t", "target")), shown,
  );
  inputs.replaceChildren(
    editable("image x", given.image, (row, column, value) => { given.image[row][column] = value; show(); }),
    editable("kernel k", given.kernel, (row, column, value) => { given.kernel[row][column] = value; show(); }),
    editable("dense weights v", [given.dense.slice(0, 2), given.dense.slice(2)], (row, column, value) => { given.dense[2 * row + column] = value; show(); }),
  );
  const show = () => {
    const done = convolve(given), [i, j] = place, [m, n] = chosen;
    const window = given.kernel.flatMap((row, y) => row.map((weight, x) => `${short(given.image[i + y][j + x], 3)}·${bracketed(weight)}`));
    const used = done.dZ.flatMap((row, y) => row.flatMap((arriving, x) => (arriving ? [`${bracketed(arriving)}·${short(given.image[y + m][x + n], 3)}`] : [])));
    const difference = kernelDifference(given, m, n);
    shown.replaceChildren(
      html("div", { class: "grids" },
        numbers("map z", done.z, (row, column) => { place = [row, column]; show(); }, place), numbers("r = relu(z)", done.r), numbers("pooled p", done.p)),
      html("p", { class: "told", role: "status" }, `z at row ${i + 1}, column ${j + 1}: ${window.join(" + ")} + ${bracketed(given.bias)} = ${short(done.z[i][j], 6)}`),
      html("p", {}, `o = Σ v·p + c = ${short(done.o, 6)}; a = σ(o) = ${short(done.a, 6)}; E = ½(t − a)² = `, html("b", {}, short(done.error, 9)), `; ∂E/∂o = (a − t)·a·(1 − a) = ${short(done.dO, 6)}.`),
      html("div", { class: "grids" }, numbers("∂E/∂p = ∂E/∂o · v", done.dP), numbers("∂E/∂r, through the pooling", done.dR), numbers("∂E/∂z, through the ReLU", done.dZ),
        numbers("∂E/∂k", done.dKernel, (row, column) => { chosen = [row, column]; show(); }, chosen), numbers("∂E/∂x", done.dImage)),
      html("p", { class: "told", role: "status" }, `∂E/∂k at row ${m + 1}, column ${n + 1}: a sum over the places where this weight was used, ${used.join(" + ") || "none of which passes a slope"} = ${short(done.dKernel[m][n], 9)}`),
      html("p", { class: "check" }, `Finite difference: ${short(difference, 9)}; it differs by ${short(Math.abs(difference - done.dKernel[m][n]), 2)}.`),
    );
  };
  show();
}

/** @param {HTMLElement} host */
export function batchNormScene(host) {
  const given = structuredClone(BATCH), shown = html("div", {});
  const line = (/** @type {string} */ title, /** @type {number[]} */ values) => editable(title, [values], (_, column, value) => { values[column] = value; show(); });
  const number = (/** @type {string} */ label, /** @type {"gamma" | "beta"} */ name) => html("label", {}, `${label} `, field(given[name], label, (value) => { given[name] = value; show(); }));
  host.replaceChildren(
    html("p", {}, "An input moves the error directly, through the mean and through the variance of its whole batch: three paths, which are added."),
    html("div", { class: "grids" }, line("batch x", given.x), line("targets t", given.targets)), html("p", { class: "settings" }, number("γ", "gamma"), number("β", "beta")), shown,
  );
  const show = () => {
    const done = normalise(given), heads = ["", "x̂", "y", "∂E/∂x̂", "direct", "through the mean", "through the variance", "∂E/∂x", "finite difference"];
    const rows = given.x.map((_, n) => html("tr", {}, html("th", { scope: "row" }, `x${n + 1}`),
      ...[done.normalised[n], done.y[n], done.dNormalised[n], done.direct[n], done.throughMean[n], done.throughVariance[n], done.dX[n], inputDifference(given, n)].map((value) => html("td", {}, short(value, 6)))));
    shown.replaceChildren(
      html("p", {}, `μ = ${short(done.mean, 6)}; σ² = ${short(done.variance, 6)}; s = √(σ² + ε) = ${short(done.deviation, 6)}; E = Σ ½(t − y)² = `, html("b", {}, short(done.error, 9)),
        `. ∂E/∂γ = ${short(done.dGamma, 6)}; ∂E/∂β = ${short(done.dBeta, 6)}; ∂E/∂μ = ${short(done.dMean, 6)}; ∂E/∂σ² = ${short(done.dVariance, 6)}.`),
      html("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Batch normalisation, number by number" },
        html("table", {}, html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))), html("tbody", {}, ...rows))),
    );
  };
  show();
}

/** @param {number} value */
function bracketed(value) {
  return value < 0 ? `(${short(value, 3)})` : short(value, 3);
}

/** A number that can be edited; what is no number is put back. @param {number} value @param {string} label @param {(value: number) => void} onValue */
function field(value, label, onValue) {
  const input = html("input", { class: "small", inputmode: "decimal", "aria-label": label, value: String(value) });
  let last = value;
  input.addEventListener("change", () => {
    const read = Number(input.value.replace("−", "-").replace(",", "."));
    if (input.value.trim() && Number.isFinite(read) && Math.abs(read) <= 1e6) {
      last = read;
      onValue(read);
    } else input.value = String(last);
  });
  return input;
}

/** @param {string} title @param {Grid} grid @param {(row: number, column: number, value: number) => void} onValue */
function editable(title, grid, onValue) {
  return html("figure", {}, html("figcaption", {}, title), html("table", { class: "cells" }, html("tbody", {}, ...grid.map((row, i) => html("tr", {}, ...row.map((value, j) =>
    html("td", {}, field(value, `${title}, row ${i + 1}, column ${j + 1}`, (read) => onValue(i, j, read)))))))));
}

/** Numbers coloured by sign; with `onChoose` each is a button, and the chosen one is marked. @param {string} title @param {Grid} grid
 * @param {(row: number, column: number) => void} [onChoose] @param {number[]} [chosen] */
function numbers(title, grid, onChoose, chosen) {
  const most = Math.max(1e-12, ...grid.flat().map(Math.abs));
  const cells = grid.map((row, i) => html("tr", {}, ...row.map((value, j) => {
    const text = short(value, 3), pressed = chosen?.[0] === i && chosen[1] === j;
    const cell = html("td", {}, onChoose ? html("button", { type: "button", "aria-pressed": String(pressed), "aria-label": `${title}, row ${i + 1}, column ${j + 1}: ${text}`, click: () => onChoose(i, j) }, text) : text);
    cell.style.background = value ? `color-mix(in srgb, var(--${value < 0 ? "orange" : "blue"}) ${Math.round((35 * Math.abs(value)) / most)}%, var(--paper))` : "";
    return cell;
  })));
  return html("figure", {}, html("figcaption", {}, title), html("table", { class: "cells" }, html("tbody", {}, ...cells)));
}
