// The network drawn: a value and a slope in every node and on every edge, and the paths of one weight in colour.
//
// Two layouts show the same: from left to right, and from top to bottom for a phone.

import { svg } from "../pieces/dom.js";
import { short } from "../pieces/number.js";
import { before, namesOf } from "./numbers.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {import("./numbers.js").Values} Values */
/** @typedef {{ x: number, y: number }} Place */
/** @typedef {{ v: Values, d: Values, known: Set<string>, sloped: Set<string>, now: Set<string>, tags: Map<string, string>, chosen: string }} State
 *   which values and slopes are known, which are being computed, and the tags of the chosen weight's edges */

const HALF = 92, HIGH = 66; // half the width of a unit's box, and its height
const LABEL = 98; // the width of a weight's label

export class Drawing {
  /**
   * @param {Element} host @param {Problem} problem @param {boolean} tall
   * @param {(name: string, leave: boolean) => void} onWeight a weight was pointed at, or left
   */
  constructor(host, problem, tall, onWeight) {
    this.problem = problem;
    this.names = namesOf(problem);
    this.tall = tall;
    this.onWeight = onWeight;
    /** @type {{ name: string, value: Element, slope: Element | null, box: Element }[]} */
    this.cells = [];
    /** @type {{ element: Element, keys: string[] }[]} */
    this.edges = [];
    /** @type {Map<string, Place>} */
    this.places = new Map();
    const labelled = Math.max(...problem.sizes) <= (tall ? 2 : 4);
    const most = Math.max(...problem.sizes), columns = problem.sizes.length + 1;
    const gap = tall ? 372 / most : most > 2 ? 150 : 172, between = tall ? 182 : most > 2 ? 430 : 326;
    this.width = tall ? 390 : 300 + (columns - 2) * between + HALF + 6;
    this.height = (tall ? -16 + (columns - 1) * between + HIGH : (most - 1) * gap + HIGH + 16) + 34;
    const along = (/** @type {number} */ column) => (tall ? 36 : 52) + column * between - (column === columns - 1 ? (tall ? 60 : between - 240) : 0);
    const aside = (/** @type {number} */ row, /** @type {number} */ rows) => (tall ? this.width : this.height - 34) / 2 + (row - (rows - 1) / 2) * gap;
    const put = (/** @type {string} */ name, /** @type {number} */ column, /** @type {number} */ row, /** @type {number} */ rows) =>
      this.places.set(name, tall ? { x: aside(row, rows), y: along(column) } : { x: along(column), y: aside(row, rows) });
    this.names.inputs.forEach((name, row) => put(name, 0, row, problem.sizes[0]));
    this.names.sums.forEach((sums, layer) => sums.forEach((name, row) => {
      put(name, layer + 1, row, sums.length);
      put(`a_${name}`, layer + 1, row, sums.length);
    }));
    this.names.errors.forEach((name, row) => put(name, columns - 1, row, this.names.errors.length));
    this.lines = svg("g", {});
    this.boxes = svg("g", {});
    this.labels = svg("g", {});
    this.names.sums.forEach((sums, layer) => this.drawLayer(sums, layer, labelled));
    for (const name of this.names.inputs) this.node(name, [name], "input");
    for (const name of this.names.sums.flat()) this.node(name, [name, `a_${name}`], "unit");
    this.names.errors.forEach((name, unit) => this.node(name, [name, this.names.targets[unit]], "unit error"));
    this.total = svg("text", { class: "value total", x: tall ? this.width / 2 : along(columns - 1), y: this.height - 10 });
    this.drawing = svg(
      "svg", { viewBox: `0 0 ${this.width} ${this.height}`, class: tall ? "network tall" : "network", role: "group", "aria-label": "The network, with values and slopes" },
      this.lines, this.boxes, this.labels, this.total,
    );
    host.replaceChildren(this.drawing);
  }

  /** @param {string[]} sums @param {number} layer @param {boolean} labelled */
  drawLayer(sums, layer, labelled) {
    const given = before(this.names, layer);
    sums.forEach((name, unit) => given.forEach((source, place) => {
      const weight = this.names.weights[layer][unit * given.length + place];
      const from = this.at(source), to = this.at(name);
      this.edge([`${name} ${source}`, `${name} ${weight}`], this.leaving(from, source), this.arriving(to));
      this.weight(weight, this.labelPlace(source, from, to, place, unit, given.length), labelled);
    }));
    if (layer === this.names.sums.length - 1) {
      this.names.errors.forEach((error, unit) => {
        const from = this.at(sums[unit]);
        this.edge([`${error} a_${sums[unit]}`], this.leaving(from, sums[unit]), this.arriving(this.at(error)));
      });
    }
  }

  /** @param {string} name */
  at(name) {
    return /** @type {Place} */ (this.places.get(name));
  }

  /** @param {Place} from @param {string} name */
  leaving(from, name) {
    const round = name.startsWith("i");
    return this.tall ? { x: from.x, y: from.y + (round ? 26 : HIGH / 2) } : { x: from.x + (round ? 46 : HALF), y: from.y };
  }

  /** @param {Place} to */
  arriving(to) {
    return this.tall ? { x: to.x, y: to.y - HIGH / 2 } : { x: to.x - HALF, y: to.y };
  }

  /** @param {string} source @param {Place} from @param {Place} to @param {number} place @param {number} unit @param {number} count */
  labelPlace(source, from, to, place, unit, count) {
    const start = this.leaving(from, source), end = this.arriving(to);
    if (this.tall) {
      const straight = place === unit;
      const share = straight ? 0.5 : place < unit ? 0.26 : 0.74;
      const outward = straight ? (place ? 1 : -1) * 46 : 0;
      return { x: start.x + (end.x - start.x) * share + outward, y: start.y + (end.y - start.y) * share };
    }
    const share = Math.max(1 / (Math.max(count, 2) + 1), (LABEL / 2 + 6) / (end.x - start.x));
    return { x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share };
  }

  /** @param {string[]} keys @param {Place} from @param {Place} to */
  edge(keys, from, to) {
    const element = svg("line", { class: "edge", x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    this.lines.append(element);
    this.edges.push({ element, keys });
  }

  /** @param {string} name @param {Place} place @param {boolean} shown */
  weight(name, place, shown) {
    const wide = this.tall ? 90 : LABEL, label = svg("g", {
      class: shown ? "weight" : "weight hidden", tabindex: shown ? "0" : undefined, role: "button", "data-weight": name,
      transform: `translate(${place.x} ${place.y})`,
      pointerenter: () => this.onWeight(name, false), pointerleave: () => this.onWeight(name, true), focus: () => this.onWeight(name, false),
    });
    const box = svg("rect", { x: -wide / 2, y: -19, width: wide, height: 38, rx: 9, class: "label" });
    const value = svg("text", { y: -3, class: "value" }), slope = svg("text", { y: 13, class: "slope" });
    label.append(box, value, slope);
    this.labels.append(label);
    this.cells.push({ name, value, slope, box: label });
  }

  /** @param {string} name @param {string[]} halves @param {string} kind */
  node(name, halves, kind) {
    const { x, y } = this.at(name), round = kind === "input", error = kind.includes("error");
    const half = this.tall ? 84 : HALF, width = round ? 92 : 2 * half, high = round ? 52 : HIGH;
    const group = svg("g", { transform: `translate(${x} ${y})`, class: kind });
    group.append(svg("rect", { class: "box", x: -width / 2, y: -high / 2, width, height: high, rx: round ? 26 : 12 }));
    if (!round) group.append(svg("line", { class: "middle", x1: 0, x2: 0, y1: -high / 2, y2: high / 2 }));
    halves.forEach((each, place) => {
      const middle = round ? 0 : (place - 0.5) * half;
      const hasSlope = !round && !(error && place === 1);
      const part = svg("g", { transform: `translate(${middle} 0)`, class: "cell" });
      const top = round ? -5 : -14, label = error && place ? "target" : each.startsWith("a_") ? `a(${each.slice(2)})` : each;
      const value = svg("text", { y: top + 19, class: "value" }), slope = hasSlope ? svg("text", { y: top + 37, class: "slope" }) : null;
      part.append(svg("text", { y: top, class: "name" }, label), value, ...(slope ? [slope] : []));
      group.append(part);
      this.cells.push({ name: each, value, slope, box: part });
    });
    this.boxes.append(group);
  }

  /** @param {State} state */
  update({ v, d, known, sloped, now, tags, chosen }) {
    for (const { name, value, slope, box } of this.cells) {
      const edge = name.startsWith("w"), digits = edge || this.tall ? 4 : 5;
      value.textContent = `${edge ? `${name} ` : ""}${known.has(name) ? short(v[name], digits) : "…"}`;
      if (slope) slope.textContent = sloped.has(name) ? `∂ ${short(d[name], 4)}` : "";
      const tag = edge ? this.names.sums.flat().map((sum) => tags.get(`${sum} ${name}`)).find(Boolean) : undefined;
      box.setAttribute("class", [edge ? "weight" : "cell", box.classList.contains("hidden") ? "hidden" : "", now.has(name) ? "now" : "", name === chosen ? "chosen" : "", tag ?? ""].join(" ").trim());
    }
    this.total.textContent = known.has("E_total") ? `E_total ${short(v.E_total, 6)}` : "E_total …";
    for (const { element, keys } of this.edges) {
      const tag = keys.map((key) => tags.get(key)).find(Boolean);
      element.setAttribute("class", tag ? `edge ${tag}` : "edge");
    }
  }
}
