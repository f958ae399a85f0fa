// The chain rule for the weight pointed at: its paths, their factors in the colours of the drawing, with numbers put in.

import { html } from "../pieces/dom.js";
import { figure, formula, joined, operator, partial, tagged } from "../pieces/formula.js";
import { short } from "../pieces/number.js";
import { MOST_PATHS, pathCount, paths } from "./chain.js";
import { finiteDifference } from "./numbers.js";

/** @param {import("./descent.js").Step} step @param {string} weight @param {Map<string, string>} tags @returns {Node[]} */
export function chainPanel(step, weight, tags) {
  const { problem, v, d } = step, count = pathCount(problem, weight);
  const difference = finiteDifference(problem, weight), off = Math.abs(difference - d[weight]);
  const check = html(
    "p", { class: "check" }, "Finite difference (E(w + ε) − E(w − ε))/2ε: ", html("b", {}, short(difference, 9)),
    `; it differs from the chain rule by ${short(off, 2)}.`,
  );
  if (count > MOST_PATHS) {
    return [html("p", {}, `${count} paths lead from ${weight} to the error: more than a page can show. Its slope is ${short(d[weight], 9)}.`), check];
  }
  const found = paths(problem, v, weight);
  const rows = found.map((path, number) => {
    const symbols = joined(path.map(({ child, parent }) => tagged(tags.get(`${child} ${parent}`) ?? "", partial(child, parent))), "·");
    const numbers = joined(path.map(({ child, parent, value }) => tagged(tags.get(`${child} ${parent}`) ?? "", figure(value, true))), "·");
    const product = path.reduce((result, factor) => result * factor.value, 1);
    const way = [...path].reverse().map(({ child }) => child);
    return html(
      "li", { class: `path-${(number % 5) + 1}` }, html("span", { class: "way" }, [weight, ...way, "E_total"].join(" → ")),
      html("div", { class: "formula" }, formula(...symbols)),
      html("div", { class: "formula" }, formula(operator("="), ...numbers, operator("="), figure(product, false, 9))),
    );
  });
  const sum = found.length > 1
    ? html("div", { class: "formula" }, formula(
      partial("E_total", weight), operator("="), ...joined(found.map((path) => figure(path.reduce((result, factor) => result * factor.value, 1), true)), "+"),
      operator("="), figure(d[weight], false, 9)))
    : html("div", { class: "formula" }, formula(partial("E_total", weight), operator("="), figure(d[weight], false, 9)));
  return [
    html("p", {}, `${found.length === 1 ? "One path leads" : `${found.length} paths lead`} from ${weight} to the error. Along a path the factors are multiplied; the paths are added.`),
    html("ul", { class: "paths" }, ...rows), sum, check,
  ];
}
