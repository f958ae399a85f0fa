// MNIST's form: light on dark, the digit fitted in 20×20 with its aspect kept, centred by mass in 28×28; step by step
// what Python's `tersenet.data` does to any picture.

import { findInk, shrunk } from "./ink.js";
import { BICUBIC, BOX, resize } from "./resize.js";

/** @typedef {import("./ink.js").Picture} Picture */
/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {{ image: Uint8Array, secondMark: number }} Form 28×28 bytes, and the ink of a second mark as a part of the first's */

const SIDE = 28, FITTED = 20;
const LEAST_CONTRAST = 0.08; // of the way from black to white; fainter pencil than this is paper
const EDGE = 0.15; // of the full ink: where the antialiased edge of a stroke begins
const SPECK = 0.05; // of the largest blot's ink: what is smaller is dust

/** The form of a picture, or null where there is no ink. @param {Picture} picture @returns {Form | null} */
export function findForm(picture) {
  const { ink, noise } = findInk(shrunk(picture));
  if (ink.width === SIDE && ink.height === SIDE && noise === 0 && isInForm(ink)) {
    return { image: toBytes(ink), secondMark: secondMark(ink) };
  }
  const strongest = largest(ink.values);
  if (strongest < Math.max(LEAST_CONTRAST, 2 * noise)) return null;
  const { width, height } = ink;
  let values = ink.values.map((value) => Math.max(Math.fround(value - Math.fround(noise)), 0));
  const most = largest(values), edge = EDGE * full(values, values.map((value) => (value > Math.fround(0.5 * most) ? 1 : 0)));
  const blots = keptBlots(values, values.map((value) => (value > Math.fround(edge) ? 1 : 0)), width, height);
  const whole = full(values, blots);
  values = values.map((value, at) => (blots[at] ? Math.min(Math.fround(value / whole), 1) : 0));
  let top = height, bottom = -1, left = width, right = -1;
  blots.forEach((kept, at) => {
    if (!kept) return;
    const y = Math.floor(at / width), x = at % width;
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    left = Math.min(left, x);
    right = Math.max(right, x);
  });
  const cut = { width: right - left + 1, height: bottom - top + 1, values: new Float32Array((right - left + 1) * (bottom - top + 1)) };
  for (let y = 0; y < cut.height; y++) cut.values.set(values.subarray((y + top) * width + left, (y + top) * width + right + 1), y * cut.width);
  return { image: toBytes(centred(fitted(cut))), secondMark: secondMark({ width, height, values }) };
}

/** The ink of the second largest mark as a part of the largest one's: whole columns without ink separate marks. @param {Grey} ink */
export function secondMark({ width, height, values }) {
  const most = largest(values);
  if (!most) return 0;
  const bound = Math.fround(EDGE * full(values, values.map((value) => (value > Math.fround(0.5 * most) ? 1 : 0))));
  const columns = new Float64Array(width);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (values[y * width + x] > bound) columns[x] += values[y * width + x];
  const marks = [];
  let mark = 0;
  for (const column of [...columns, 0]) {
    if (column > 0) mark += column;
    else if (mark) {
      marks.push(mark);
      mark = 0;
    }
  }
  marks.sort((a, b) => b - a);
  return marks.length > 1 ? marks[1] / marks[0] : 0;
}

/** @param {Float32Array} values */
function largest(values) {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** What counts as full ink, the 90th of a hundred pixels: most strokes are no darker. @param {Float32Array} values @param {ArrayLike<number>} where */
function full(values, where) {
  const kept = values.filter((_, at) => where[at]).sort();
  const place = 0.9 * (kept.length - 1), below = Math.floor(place), above = Math.min(kept.length - 1, below + 1);
  return Math.fround(kept[below] + (kept[above] - kept[below]) * (place - below));
}

/** The mask without the connected blots (corner to corner too) whose ink is a small part of the largest one's. @param {Float32Array} ink @param {ArrayLike<number>} mask @param {number} width @param {number} height */
function keptBlots(ink, mask, width, height) {
  const names = new Int32Array(ink.length), weights = [0];
  for (let start = 0; start < ink.length; start++) {
    if (!mask[start] || names[start]) continue;
    const name = weights.length, open = [start];
    let weight = 0;
    names[start] = name;
    while (open.length) {
      const at = /** @type {number} */ (open.pop()), y = Math.floor(at / width), x = at % width;
      weight += ink[at];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const next = row * width + column;
          if (mask[next] && !names[next]) {
            names[next] = name;
            open.push(next);
          }
        }
      }
    }
    weights.push(weight);
  }
  const least = SPECK * Math.max(...weights);
  return Uint8Array.from(names, (name) => (name && weights[name] >= least ? 1 : 0));
}

/** Whether a 28×28 picture already is what this module makes. @param {Grey} ink */
function isInForm({ width, height, values }) {
  let top = height, bottom = -1, left = width, right = -1;
  values.forEach((value, at) => {
    if (!value) return;
    top = Math.min(top, Math.floor(at / width));
    bottom = Math.max(bottom, Math.floor(at / width));
    left = Math.min(left, at % width);
    right = Math.max(right, at % width);
  });
  if (bottom < 0 || largest(values) < 0.95) return false;
  const longest = Math.max(bottom - top, right - left) + 1, { down, across } = centreOfMass({ width, height, values });
  return longest >= FITTED - 1 && longest <= FITTED && Math.abs(down - 14) < 0.6 && Math.abs(across - 14) < 0.6;
}

/** The longer side 20, antialiased; thin strokes as light as thick ones. @param {Grey} ink @returns {Grey} */
function fitted(ink) {
  const longest = Math.max(ink.width, ink.height);
  const [width, height] = [ink.width, ink.height].map((side) => Math.max(1, roundHalfToEven((side * FITTED) / longest)));
  const small = resize(ink, width, height, longest >= 2 * FITTED ? BOX : BICUBIC);
  const most = Math.max(largest(small.values), 1e-6);
  return { width, height, values: small.values.map((value) => Math.min(Math.max(value / most, 0), 1)) };
}

/** In 28×28, so that the centre of mass rounds to pixel (14, 14); nothing is cut off. @param {Grey} ink @returns {Grey} */
function centred(ink) {
  const { down, across } = centreOfMass(ink), values = new Float32Array(SIDE * SIDE);
  const top = Math.min(Math.max(roundHalfToEven(SIDE / 2 - down), 0), SIDE - ink.height);
  const left = Math.min(Math.max(roundHalfToEven(SIDE / 2 - across), 0), SIDE - ink.width);
  for (let y = 0; y < ink.height; y++) values.set(ink.values.subarray(y * ink.width, (y + 1) * ink.width), (y + top) * SIDE + left);
  return { width: SIDE, height: SIDE, values };
}

/** @param {Grey} ink */
function centreOfMass({ width, values }) {
  let mass = 0, down = 0, across = 0;
  values.forEach((value, at) => {
    mass += value;
    down += value * Math.floor(at / width);
    across += value * (at % width);
  });
  return { down: down / mass, across: across / mass };
}

/** @param {number} value */
function roundHalfToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}

/** @param {Grey} ink */
function toBytes({ values }) {
  return Uint8Array.from(values, (value) => roundHalfToEven(Math.fround(value * 255)));
}
