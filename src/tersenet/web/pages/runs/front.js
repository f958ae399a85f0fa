// Parameters against error, on two logarithmic scales: the runs, those that no smaller one betters, and public records.

import { html, svg } from "../pieces/dom.js";
import { grouped, percent, short } from "../pieces/number.js";

/** @typedef {{ name: string, parameters: number, accuracy: number, how: string, ours: boolean }} Point */

const LEFT = 58, RIGHT = 16, TOP = 12, BOTTOM = 44, LEAST = 0.01; // percent: an error of 0 has no logarithm

/** Points that no other one betters in both. @param {Point[]} points @returns {Point[]} */
export function frontOf(points) {
  const sorted = [...points].sort((a, b) => a.parameters - b.parameters || b.accuracy - a.accuracy);
  let best = -Infinity;
  return sorted.filter(({ accuracy }) => accuracy > best && ((best = accuracy), true));
}

/** @param {HTMLElement} host @param {Point[]} points */
export function showFront(host, points) {
  if (!points.length) {
    host.replaceChildren(html("p", { class: "note" }, "No finished run on these data has its parameters counted yet."));
    return;
  }
  const width = Math.max(280, host.clientWidth || 640), height = Math.round(Math.min(420, Math.max(240, width * 0.5)));
  const errorOf = (/** @type {Point} */ point) => Math.max(LEAST, 100 - point.accuracy);
  const [left, right] = bounds(points.map(({ parameters }) => Math.max(1, parameters))), [low, high] = bounds(points.map(errorOf));
  const x = (/** @type {number} */ value) => LEFT + (Math.log(Math.max(1, value) / left) / Math.log(right / left)) * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ value) => height - BOTTOM - (Math.log(value / low) / Math.log(high / low)) * (height - TOP - BOTTOM);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `Parameters against error of ${points.length} networks; the table below has the figures` });
  for (const tick of ticks(low, high)) {
    drawing.append(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }), svg("text", { class: "tick", x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick, 2)));
  }
  for (const tick of ticks(left, right)) drawing.append(svg("text", { class: "tick", x: x(tick), y: height - BOTTOM + 18, "text-anchor": "middle" }, grouped(tick)));
  drawing.append(
    svg("text", { class: "axis", x: (LEFT + width - RIGHT) / 2, y: height - 4, "text-anchor": "middle" }, "parameters"),
    svg("text", { class: "axis", transform: `translate(13 ${(TOP + height - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, "error, %"),
  );
  const ours = points.filter((point) => point.ours), front = frontOf(ours);
  drawing.append(svg("polyline", { class: "line", "stroke-dasharray": "6 4", stroke: "var(--blue)", points: front.map((point) => `${x(point.parameters).toFixed(1)},${y(errorOf(point)).toFixed(1)}`).join(" ") }));
  const said = html("p", { class: "note", role: "status" }, "Blue circles: runs; orange squares: public records. Point at one.");
  for (const point of points) {
    const cx = x(point.parameters), cy = y(errorOf(point)), text = sentence(point);
    const mark = point.ours
      ? svg("circle", { cx, cy, r: 5.5, fill: "var(--blue)", "fill-opacity": front.includes(point) ? 1 : 0.45, class: "point" })
      : svg("rect", { x: cx - 5, y: cy - 5, width: 10, height: 10, fill: "var(--orange)", class: "point" });
    mark.append(svg("title", {}, text));
    mark.addEventListener("pointerenter", () => (said.textContent = text));
    drawing.append(mark);
  }
  const rows = [...points].sort((a, b) => a.parameters - b.parameters).map((point) => html(
    "tr", {}, html("th", { scope: "row", class: "words" }, point.name), html("td", {}, grouped(point.parameters)), html("td", {}, percent(point.accuracy / 100)), html("td", { class: "words" }, point.how)));
  const head = html("tr", {}, ...["network", "parameters", "accuracy", "how"].map((name) => html("th", { scope: "col" }, name)));
  host.replaceChildren(drawing, said, html("details", { open: host.querySelector("details")?.open }, html("summary", {}, "The same as a table"), html("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Parameters and accuracy" }, html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows)))));
}

/** @param {Point} point */
function sentence({ name, parameters, accuracy, how }) {
  return `${name}: ${grouped(parameters)} parameters, ${percent(accuracy / 100)}${how ? ` (${how})` : ""}`;
}

/** @param {number[]} values @returns {[number, number]} */
function bounds(values) {
  return [Math.min(...values) / 1.4, Math.max(...values) * 1.4];
}

/** 1, 2 and 5 times the powers of ten between two values. @param {number} low @param {number} high */
function ticks(low, high) {
  const wide = Math.log10(high / low) > 2.5;
  return Array.from({ length: 16 }, (_, at) => at - 4).flatMap((power) => (wide ? [1] : [1, 2, 5]).map((factor) => factor * 10 ** power)).filter((tick) => tick >= low && tick <= high);
}
