// Line charts as SVG: axes, lines that differ in colour and dash, a readout under the pointer.

import { svg } from "./dom.js";
import { short } from "./number.js";

/** @typedef {{ name: string, values: number[], tone: string, dash?: string, faint?: boolean }} Line */
/** @typedef {{ lines: Line[], across: string, up: string, label: string, log?: boolean, low?: number, high?: number,
 *   at?: number, first?: number, last?: number }} Chart `at` is marked; `first` and `last` bound the axis across */

const LEFT = 58, RIGHT = 14, TOP = 12, BOTTOM = 40;

export class Curve {
  /** @param {Element} host @param {(place: number) => void} [onPoint] called with the place under the pointer */
  constructor(host, onPoint) {
    this.host = host;
    this.onPoint = onPoint;
    /** @type {Chart | null} */
    this.chart = null;
    new ResizeObserver(() => this.chart && this.show(this.chart)).observe(host);
  }

  /** @param {Chart} chart */
  show(chart) {
    this.chart = chart;
    const width = Math.max(260, this.host.clientWidth || 560), height = Math.round(Math.min(300, Math.max(200, width * 0.42)));
    const first = chart.first ?? 0, last = Math.max(first + 1, chart.last ?? Math.max(...chart.lines.map((line) => line.values.length - 1)));
    const values = chart.lines.flatMap((line) => line.values).filter((value) => Number.isFinite(value) && (!chart.log || value > 0));
    let low = chart.low ?? Math.min(...values), high = chart.high ?? Math.max(...values);
    if (!values.length) [low, high] = [chart.log ? 0.1 : 0, 1];
    if (chart.log) [low, high] = [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))];
    if (low === high) high = low + (chart.log ? 9 * low : Math.abs(low) || 1);
    const scale = (/** @type {number} */ value) => (chart.log ? Math.log10(Math.max(value, 1e-300)) : value);
    const x = (/** @type {number} */ place) => LEFT + ((place - first) / (last - first)) * (width - LEFT - RIGHT);
    const y = (/** @type {number} */ value) =>
      height - BOTTOM - ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (height - TOP - BOTTOM);
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": chart.label });
    for (const tick of chart.log ? decades(low, high) : ticks(low, high)) {
      drawing.append(
        svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
        svg("text", { class: "tick", x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick, 3)),
      );
    }
    for (const tick of ticks(first, last).filter(Number.isInteger)) {
      drawing.append(svg("text", { class: "tick", x: x(tick), y: height - BOTTOM + 18, "text-anchor": "middle" }, short(tick, 4)));
    }
    drawing.append(
      svg("text", { class: "axis", x: (LEFT + width - RIGHT) / 2, y: height - 4, "text-anchor": "middle" }, chart.across),
      svg("text", { class: "axis", transform: `translate(13 ${(TOP + height - BOTTOM) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.up),
    );
    for (const line of chart.lines) {
      const points = line.values.flatMap((value, place) =>
        Number.isFinite(value) && (!chart.log || value > 0) && place >= first && place <= last
          ? [`${x(place).toFixed(1)},${Math.max(TOP, Math.min(height - BOTTOM, y(value))).toFixed(1)}`] : [],
      );
      drawing.append(
        svg("polyline", { class: line.faint ? "line faint" : "line", points: points.join(" "), stroke: `var(--${line.tone})`, "stroke-dasharray": line.dash ?? "" }),
      );
      if (points.length === 1) {
        const [cx, cy] = points[0].split(",");
        drawing.append(svg("circle", { cx, cy, r: 3, fill: `var(--${line.tone})` }));
      }
    }
    if (chart.at !== undefined && chart.lines.length) {
      drawing.append(svg("line", { class: "at", x1: x(chart.at), x2: x(chart.at), y1: TOP, y2: height - BOTTOM }));
      const value = chart.lines[0].values[chart.at];
      if (Number.isFinite(value)) drawing.append(svg("circle", { cx: x(chart.at), cy: y(value), r: 5, fill: `var(--${chart.lines[0].tone})` }));
    }
    if (this.onPoint) {
      drawing.addEventListener("pointerdown", (event) => this.point(event, drawing, width, first, last));
      drawing.addEventListener("pointermove", (event) => event.buttons && this.point(event, drawing, width, first, last));
    }
    this.host.replaceChildren(drawing);
  }

  /** @param {PointerEvent} event @param {Element} drawing @param {number} width @param {number} first @param {number} last */
  point(event, drawing, width, first, last) {
    const box = drawing.getBoundingClientRect();
    const at = ((event.clientX - box.left) * width) / box.width;
    const place = Math.round(first + ((at - LEFT) / (width - LEFT - RIGHT)) * (last - first));
    this.onPoint?.(Math.min(last, Math.max(first, place)));
  }
}

/** Round numbers from low to high, four to eight of them. @param {number} low @param {number} high */
export function ticks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

/** @param {number} low @param {number} high */
function decades(low, high) {
  const first = Math.round(Math.log10(low)), last = Math.round(Math.log10(high)), step = Math.ceil((last - first) / 7) || 1;
  const found = [];
  for (let power = first; power <= last; power += step) found.push(10 ** power);
  return found;
}
