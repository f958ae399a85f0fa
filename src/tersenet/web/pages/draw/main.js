// The page to draw on.

import { byId, html, pageData } from "../pieces/dom.js";
import { copyButton, readLink, writeLink } from "../pieces/link.js";
import { grouped, percent, short } from "../pieces/number.js";
import { Tiles, tone } from "../pieces/tiles.js";
import { loadNetwork } from "../engine/network.js";
import { shapeText } from "../engine/notation/shapes.js";
import { softmax } from "../engine/training/loss.js";
import { explainCell } from "./cell.js";
import { evidence, whereabouts } from "./evidence.js";
import { findForm } from "./mnist_form.js";
import { Pad } from "./pad.js";

/** @typedef {import("../engine/network.js").Network} Network */
/** @typedef {import("../engine/network.js").NetworkJson} NetworkJson */
/** @typedef {NetworkJson & { leastProbability: number, mostSecondMark: number }} Shown a network, and when not to believe it */

/** @type {{ networks: Record<string, Shown>, kinds: any, samples: string, labels: number[] }} */
const data = pageData("data");
const names = Object.keys(data.networks);
const NONE = "–";
/** @type {Map<string, Network>} */
const loaded = new Map();
const first = byId("first", HTMLSelectElement), second = byId("second", HTMLSelectElement), asked = byId("asked", HTMLSelectElement);
const said = byId("said", HTMLElement), doubt = byId("doubt", HTMLElement);
const USUAL = { first: names[0], second: names[1] ?? NONE, digit: "" };

/** The digit in MNIST's form; null while the pad is empty. @type {Uint8Array | null} */
let digit = null;
let secondMark = 0;
/** @type {Tiles[]} */
let tiles = [];
/** @type {ReturnType<Network["observe"]>} */
let observed = [];
/** @type {{ step: number, cell: import("../pieces/tiles.js").Cell } | null} */
let chosen = null;
let waiting = false;
let later = 0;

/** @param {string} name @returns {Network} */
function network(name) {
  const known = loaded.get(name) ?? loadNetwork(data.networks[name], data.kinds);
  loaded.set(name, known);
  return known;
}

/** The digit as a network takes it. @param {string} name */
function given(name) {
  const { mean, deviation } = data.networks[name];
  return Float32Array.from(digit ?? new Uint8Array(784), (byte) => (byte / 255 - mean[0]) / deviation[0]);
}

const pad = new Pad(byId("pad", HTMLCanvasElement), (done) => {
  const form = pad.strokes.length || pad.under ? findForm(pad.picture()) : null;
  digit = form?.image ?? null;
  secondMark = form?.secondMark ?? 0;
  changed(done);
});

/** The digit is another: shown in the next frame, what takes longer a little later. @param {boolean} done */
function changed(done) {
  if (!waiting) {
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      show();
    });
  }
  clearTimeout(later);
  later = window.setTimeout(() => {
    showEvidence();
    if (done) remember();
  }, 150);
}

function show() {
  showForm();
  const probabilities = showBars(first, "first-bars");
  showBars(second, "second-bars");
  const { classes, leastProbability, mostSecondMark } = data.networks[first.value];
  if (!digit || !probabilities) {
    said.textContent = pad.strokes.length || pad.under ? "There is too little ink to read." : "The pad is empty: draw a digit.";
    doubt.textContent = "";
  } else {
    const guess = probabilities.indexOf(Math.max(...probabilities));
    said.textContent = `${first.value} reads ${classes[guess]}, with a probability of ${percent(probabilities[guess])}.`;
    const doubts = [
      ...(secondMark > mostSecondMark ? ["two separate marks"] : []),
      ...(probabilities[guess] < leastProbability ? [`probability below ${Math.round(100 * leastProbability)} %`] : []),
    ];
    doubt.textContent = doubts.length ? `Do not believe it: ${doubts.join(", ")}.` : "";
  }
  observed = network(first.value).observe(given(first.value));
  tiles.forEach((each, step) => each.show(observed[step].y, byId("layers", HTMLElement).clientWidth - 8));
  if (chosen) showCell();
}

function showForm() {
  const context = /** @type {CanvasRenderingContext2D} */ (byId("form", HTMLCanvasElement).getContext("2d"));
  const image = context.createImageData(28, 28);
  for (let at = 0; at < 784; at++) image.data.set([digit?.[at] ?? 0, digit?.[at] ?? 0, digit?.[at] ?? 0, 255], 4 * at);
  context.putImageData(image, 0, 0);
}

/** @param {HTMLSelectElement} select @param {string} host @returns {number[] | null} */
function showBars(select, host) {
  const place = byId(host, HTMLElement);
  if (select.value === NONE) {
    place.replaceChildren();
    return null;
  }
  const { classes } = data.networks[select.value];
  const probabilities = digit ? [...softmax(network(select.value).forward(given(select.value)), classes.length)] : null;
  const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
  place.replaceChildren(html("table", {}, html("caption", { class: "unseen" }, `Probabilities of ${select.value}`), html("tbody", {}, ...classes.map((name, k) => {
    const bar = html("span", { class: "bar" });
    bar.style.width = `${100 * (probabilities?.[k] ?? 0)}%`;
    return html("tr", k === best ? { class: "best" } : {}, html("th", { scope: "row" }, name), html("td", { class: "track" }, bar), html("td", {}, probabilities ? percent(probabilities[k], 1) : "–"));
  }))), html("p", { class: "note" }, `${grouped(network(select.value).parameters())} parameters`));
  return probabilities;
}

function showEvidence() {
  const name = first.value, { classes, mean, deviation } = data.networks[name], canvas = byId("evidence", HTMLCanvasElement), why = byId("why", HTMLElement);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  canvas.width = canvas.height = 280;
  context.fillStyle = `rgb(${tone("card").join()})`;
  context.fillRect(0, 0, 280, 280);
  if (!digit) {
    why.textContent = "";
    return;
  }
  const net = network(name), x = given(name), logits = net.forward(x);
  const guess = logits.indexOf(Math.max(...logits)), wanted = asked.value === "" ? guess : Number(asked.value);
  const runnerUp = logits.indexOf(Math.max(...logits.filter((_, k) => k !== guess)));
  const rival = wanted === guess ? runnerUp : guess;
  const found = evidence(net, x, (0 - mean[0]) / deviation[0], (row) => row[wanted] - row[rival]);
  const most = found.values.reduce((best, value) => Math.max(best, Math.abs(value)), 1e-9), side = 280 / 28;
  for (let y = 0; y < 28; y++) {
    for (let at = 0; at < 28; at++) {
      const near = (/** @type {number} */ place) => Math.min(found.sides - 1, Math.max(0, Math.round((place - 3) / 2)));
      const value = found.values[near(y) * found.sides + near(at)], ink = digit[y * 28 + at] / 255;
      const base = tone("card"), paint = tone(value < 0 ? "orange" : "blue"), part = 0.9 * (Math.abs(value) / most), dark = tone("ink");
      const colour = base.map((from, c) => from + (paint[c] - from) * part).map((from, c) => from + (dark[c] - from) * 0.55 * ink);
      context.fillStyle = `rgb(${colour.map(Math.round).join()})`;
      context.fillRect(at * side, y * side, side, side);
    }
  }
  const margin = logits[wanted] - logits[rival], pairText = `logit of ${classes[wanted]} minus logit of ${classes[rival]}: ${short(margin, 3)}.`;
  const { largest } = found;
  why.textContent = `${wanted === guess ? "" : "not? "}The ${pairText}${largest ? ` Without the ink at ${whereabouts(largest, found.sides)} it would be ${short(margin - largest.value, 3)}.` : ""}`;
  canvas.setAttribute("aria-label", `Evidence by region. ${why.textContent}`);
}

function showLayers() {
  const net = network(first.value);
  chosen = null;
  const panel = byId("cell", HTMLElement);
  panel.hidden = true;
  byId("layers", HTMLElement).after(panel);
  byId("shown-network", HTMLElement).textContent = first.value;
  tiles = [];
  const rows = net.steps.map((step, place) => {
    const words = data.kinds[step.node.kind.toUpperCase()].name;
    const tile = new Tiles(step.output, `${step.word}, ${words}: ${shapeText(step.output)}`, (cell) => {
      if (chosen && chosen.step !== place) tiles[chosen.step].chosen = null;
      chosen = { step: place, cell };
      show();
    });
    tiles.push(tile);
    const idle = step.node.kind === "D" || step.node.kind === "DD";
    return html("figure", { class: "layer", hidden: idle }, html("figcaption", {}, html("b", {}, step.word), ` ${words}, ${shapeText(step.output)}`), tile.canvas);
  });
  byId("layers", HTMLElement).replaceChildren(...rows);
  asked.replaceChildren(html("option", { value: "" }, "this class"), ...data.networks[first.value].classes.map((name, k) => html("option", { value: k }, name)));
}

function showCell() {
  if (!chosen) return;
  const { step, cell } = chosen;
  const panel = byId("cell", HTMLElement);
  panel.replaceChildren(...explainCell(observed[step], network(first.value).steps[step].word, cell));
  panel.hidden = false;
  tiles[step].canvas.after(panel);
}

function remember() {
  writeLink({ first: first.value, second: second.value, digit: digit ? btoa(String.fromCharCode(...digit)) : "" }, USUAL);
}

/** A digit that is in MNIST's form already is laid on the pad, dark on light. @param {Uint8Array} bytes */
function layDigit(bytes) {
  const canvas = html("canvas", { width: 28, height: 28 }), context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(28, 28);
  bytes.forEach((byte, at) => image.data.set([255 - byte, 255 - byte, 255 - byte, 255], 4 * at));
  context.putImageData(image, 0, 0);
  pad.strokes = [];
  pad.under = canvas;
  pad.paint();
  digit = bytes;
  secondMark = 0;
  changed(true);
}

/** @param {File | undefined} file */
async function openFile(file) {
  if (!file) return;
  try {
    pad.lay(await createImageBitmap(file));
  } catch {
    said.textContent = `${file.name} is not a picture that this browser can read.`;
  }
}

const sprite = new Image();
sprite.src = data.samples;
let sampled = 0;
byId("sample", HTMLButtonElement).addEventListener("click", async () => {
  await sprite.decode();
  const place = (sampled++ * 37) % data.labels.length, canvas = html("canvas", { width: 28, height: 28 });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(sprite, (place % 10) * 28, Math.floor(place / 10) * 28, 28, 28, 0, 0, 28, 28);
  const { data: pixels } = context.getImageData(0, 0, 28, 28);
  layDigit(Uint8Array.from({ length: 784 }, (_, at) => pixels[4 * at]));
});
byId("clear", HTMLButtonElement).addEventListener("click", () => pad.clear());
byId("undo", HTMLButtonElement).addEventListener("click", () => pad.undo());
byId("pen", HTMLInputElement).addEventListener("input", (event) => (pad.pen = Number(/** @type {HTMLInputElement} */ (event.target).value)));
const file = byId("file", HTMLInputElement);
byId("open", HTMLButtonElement).addEventListener("click", () => file.click());
file.addEventListener("change", () => openFile(file.files?.[0]));
for (const name of ["dragover", "drop"]) {
  pad.canvas.addEventListener(name, (event) => {
    event.preventDefault();
    if (name === "drop") openFile(/** @type {DragEvent} */ (event).dataTransfer?.files[0]);
  });
}
byId("save", HTMLButtonElement).addEventListener("click", () => {
  // A digit that is in MNIST's form already is saved as it is; a drawing as it was drawn.
  const exact = digit && pad.under && !pad.strokes.length && /** @type {HTMLCanvasElement} */ (pad.under).width === 28;
  (exact ? byId("form", HTMLCanvasElement) : pad.canvas).toBlob((blob) => {
    if (!blob) return;
    const link = html("a", { download: "digit.png", href: URL.createObjectURL(blob) });
    link.click();
    URL.revokeObjectURL(link.href);
  });
});
copyButton(byId("copy-link", HTMLButtonElement), () => location.href, byId("copied", HTMLElement));
first.addEventListener("change", () => {
  showLayers();
  changed(true);
});
second.addEventListener("change", () => changed(true));
asked.addEventListener("change", showEvidence);
window.addEventListener("resize", () => changed(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed(false));

const link = readLink();
first.replaceChildren(...names.map((name) => html("option", {}, name)));
second.replaceChildren(...[NONE, ...names].map((name) => html("option", {}, name)));
first.value = link.first in data.networks ? link.first : USUAL.first;
second.value = link.second === NONE || link.second in data.networks ? link.second : USUAL.second;
showLayers();
const bytes = /^[A-Za-z0-9+/]+=*$/.test(link.digit ?? "") ? Uint8Array.from(atob(link.digit), (sign) => sign.charCodeAt(0)) : null;
if (bytes?.length === 784) layDigit(bytes);
else changed(false);
