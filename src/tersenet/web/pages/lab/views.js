// What the page shows of a design: its maps, its receptive field, its mistakes and confusions.

import { html, svg } from "../pieces/dom.js";
import { grouped, percent } from "../pieces/number.js";
import { tone } from "../pieces/tiles.js";
import { shapeText } from "../engine/notation/shapes.js";

/** @typedef {import("./design.js").Design} Design */
/** @typedef {import("../engine/notation/field.js").Field} Field */

/** The layers as stacks of maps. @param {Design} design @param {(step: number) => void} onStep @returns {Node[]} */
export function mapsOf(design, onStep) {
  if (!design.network) return [html("p", { class: "note" }, "The network is drawn as soon as its line can be read.")];
  return design.network.steps.map((step, place) => {
    const [channels, height, width] = step.output.length === 3 ? step.output : [step.output[0], 1, 1];
    const flat = height * width === 1, side = flat ? 10 : 16 + 2 * Math.min(height, 28), stack = flat ? 1 : Math.min(5, 1 + Math.floor(Math.log2(channels)));
    const drawing = svg("svg", { width: 96, height: 92, viewBox: "0 0 96 92", "aria-hidden": "true" });
    for (let map = stack - 1; map >= 0; map--) {
      const high = flat ? Math.min(80, 10 + channels / 2) : side;
      drawing.append(svg("rect", { x: 8 + 4 * map, y: 82 - high - 3 * map, width: side, height: high, rx: 2, class: `map ${design.kinds[step.node.kind.toUpperCase()].family}` }));
    }
    return html(
      "button", { type: "button", class: "map-button", pointerenter: () => onStep(place), focus: () => onStep(place), click: () => onStep(place) },
      drawing, html("b", {}, step.word), html("span", {}, shapeText(step.output)),
      html("span", {}, step.parameters ? `${grouped(step.parameters)} par.` : "–"), html("span", {}, step.macs ? `${grouped(step.macs)} mult.` : " "),
    );
  });
}

/**
 * A digit with what the middle position of a layer sees.
 * @param {HTMLCanvasElement} canvas @param {Uint8Array | null} digit @param {Field} field @param {number[]} output @param {string} word @returns {string} the same in words
 */
export function paintField(canvas, digit, field, output, word) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), side = canvas.width / 28;
  const middle = output.length === 3 ? Math.floor((output[1] - 1) / 2) : 0;
  const from = field.whole ? 0 : Math.max(0, field.first + middle * field.jump), to = field.whole ? 27 : Math.min(27, field.last + middle * field.jump);
  const card = tone("card"), ink = tone("ink"), blue = tone("blue");
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      const inside = x >= from && x <= to && y >= from && y <= to, part = (digit?.[y * 28 + x] ?? 0) / 255;
      const base = inside ? card.map((value, c) => value + (blue[c] - value) * 0.35) : card;
      context.fillStyle = `rgb(${base.map((value, c) => Math.round(value + (ink[c] - value) * part * (inside ? 0.85 : 0.4))).join()})`;
      context.fillRect(x * side, y * side, side, side);
    }
  }
  const size = field.last - field.first + 1;
  return field.whole
    ? `${word}: each position sees the whole picture.`
    : `${word}: a position sees ${size}×${size} pixels; the next one ${field.jump === 1 ? "is a pixel" : `is ${field.jump} pixels`} further.`;
}

/** Test digits that are misclassified, the most confident mistakes first. @param {import("./design.js").Seen} seen @returns {Node[]} */
export function mistakesOf({ mistakes, images }) {
  const shown = [...mistakes].sort((a, b) => b.probability - a.probability).slice(0, 40);
  return shown.map(({ place, label, guess, probability }) => {
    const canvas = html("canvas", { width: 28, height: 28, "aria-hidden": "true" }), context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const image = context.createImageData(28, 28);
    for (let at = 0; at < 784; at++) {
      const value = images[place * 784 + at];
      image.data.set([value, value, value, 255], 4 * at);
    }
    context.putImageData(image, 0, 0);
    return html("figure", {}, canvas, html("figcaption", {}, html("b", {}, `${label} → ${guess}`), html("br"), percent(probability, 0)));
  });
}

/** @param {number[][]} confusion @returns {Node} */
export function confusionTable(confusion) {
  const most = Math.max(1, ...confusion.flatMap((row, label) => row.filter((_, guess) => guess !== label)));
  const head = html("tr", {}, html("th", { scope: "col" }, "digit"), ...confusion.map((_, guess) => html("th", { scope: "col" }, guess)));
  const rows = confusion.map((row, label) => html("tr", {}, html("th", { scope: "row" }, label), ...row.map((count, guess) => {
    const cell = html("td", {}, count || "·");
    if (count) cell.style.background = guess === label ? "var(--good-paper)" : `color-mix(in srgb, var(--vermilion) ${Math.round(15 + (45 * count) / most)}%, var(--paper))`;
    return cell;
  })));
  return html("table", {}, html("caption", { class: "unseen" }, "Rows: what the digit is; columns: what was read"), html("thead", {}, head), html("tbody", {}, ...rows));
}
