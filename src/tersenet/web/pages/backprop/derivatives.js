// Every derivative of a step beside its finite difference, which knows nothing of the chain rule.

import { html } from "../pieces/dom.js";
import { short } from "../pieces/number.js";
import { finiteDifference, namesOf } from "./numbers.js";

/** @param {import("./descent.js").Step} step @returns {Node} */
export function derivativesTable({ problem, v, d }) {
  const names = namesOf(problem);
  const rows = [...names.weights.flat(), ...names.biases.flat()].map((name) => {
    const difference = finiteDifference(problem, name);
    return html("tr", {}, html("th", { scope: "row" }, name), ...[short(v[name], 6), short(d[name], 9), short(difference, 9), short(Math.abs(difference - d[name]), 2)].map((text) => html("td", {}, text)));
  });
  const head = html("tr", {}, ...["parameter", "value", "∂E/∂ by the chain rule", "finite difference", "they differ by"].map((title) => html("th", { scope: "col" }, title)));
  return html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows));
}
