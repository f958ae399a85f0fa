// The table of all steps, every quantity a column; the row of the step that is drawn is marked.

import { html } from "../pieces/dom.js";
import { minus } from "../pieces/number.js";
import { cell, columnNames } from "./descent.js";

/** @typedef {import("./descent.js").Step} Step */
/** @typedef {{ row: number, column: string, printed: string }} Erratum a number that is printed incorrectly in the course's table */

const MOST_ROWS = 201;

export class Table {
  /** @param {HTMLElement} host @param {(step: number) => void} onStep */
  constructor(host, onStep) {
    this.host = host;
    this.onStep = onStep;
    /** @type {Map<number, HTMLTableRowElement>} */
    this.rows = new Map();
    /** @type {string[]} */
    this.columns = [];
  }

  /** @param {Step[]} steps @param {Erratum[]} errata */
  show(steps, errata) {
    this.columns = columnNames(steps[0].problem);
    const every = Math.ceil((steps.length - 1) / (MOST_ROWS - 1)) || 1;
    const head = html("tr", {}, html("th", { scope: "col" }, "step"), ...this.columns.map((name) => html("th", { scope: "col", "data-name": name }, name.replace("dE/d", "∂E/∂"))));
    const body = html("tbody");
    this.rows.clear();
    for (let step = 0; step < steps.length; step += every) {
      const row = html("tr", { "data-step": step }, html("th", { scope: "row" }, html("button", { type: "button", click: () => this.onStep(step) }, step)));
      for (const name of this.columns) {
        const value = cell(steps[step], name), erratum = errata.find((each) => each.row === step && each.column === name);
        row.append(html("td", erratum ? { class: "erratum", title: `The course's table prints ${erratum.printed}` } : {}, nine(value), erratum ? html("sup", {}, "†") : null));
      }
      this.rows.set(step, row);
      body.append(row);
    }
    this.host.replaceChildren(html("table", {}, html("caption", { class: "unseen" }, "Every quantity at every step"), html("thead", {}, head), body));
    return every;
  }

  /** @param {number} step @param {Set<string>} names marked columns @param {boolean} scroll */
  mark(step, names, scroll) {
    for (const [place, row] of this.rows) row.toggleAttribute("aria-current", place === step);
    for (const head of this.host.querySelectorAll("thead th[data-name]")) head.classList.toggle("now", names.has(head.getAttribute("data-name") ?? ""));
    const row = this.rows.get(step);
    if (row && scroll) {
      const top = row.offsetTop - this.host.clientHeight / 2;
      this.host.scrollTo({ top: Math.max(0, top) });
    }
  }
}

/** Nine decimals, as the course prints them; of very large and very small numbers the power of ten. @param {number} value */
function nine(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 5e-10)) return minus(value.toExponential(3));
  return minus(size >= 1e3 ? value.toPrecision(10) : value.toFixed(9));
}
