// The ink of a picture: how far each pixel is from the paper, toward the ink's colour.

/** @typedef {{ width: number, height: number, colours: Float32Array }} Picture red, green and blue of each pixel, in 0..1 */
/** @typedef {import("./resize.js").Grey} Grey */

const LARGEST = 256; // pixels a side to work on

/** The longer side at most 256: whole blocks are averaged, which quiets noise too. @param {Picture} picture @returns {Picture} */
export function shrunk(picture) {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / LARGEST);
  if (factor <= 1) return picture;
  const width = Math.max(1, Math.floor(picture.width / factor)), height = Math.max(1, Math.floor(picture.height / factor));
  const colours = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let dy = 0; dy < factor; dy++) {
          const row = Math.min(picture.height - 1, y * factor + dy);
          for (let dx = 0; dx < factor; dx++) sum += picture.colours[3 * (row * picture.width + Math.min(picture.width - 1, x * factor + dx)) + c];
        }
        colours[3 * (y * width + x) + c] = sum / factor ** 2;
      }
    }
  }
  return { width, height, colours };
}

/** The places of the border: one pixel, or a fiftieth of the shorter side. @param {{ width: number, height: number }} size */
function frame({ width, height }) {
  const wide = Math.max(1, Math.floor(Math.min(width, height) / 50));
  const found = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y < wide || y >= height - wide || x < wide || x >= width - wide) found.push(y * width + x);
    }
  }
  return found;
}

/** @param {ArrayLike<number>} values */
export function median(values) {
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : Math.fround((sorted[middle - 1] + sorted[middle]) / 2);
}

/**
 * The paper under the ink: a plane through the pixels of the border that are not ink themselves.
 * @param {Picture} picture @param {number[]} border @returns {(at: number, colour: number) => number}
 */
function background({ width, height, colours }, border) {
  const middle = [0, 1, 2].map((c) => median(border.map((at) => colours[3 * at + c])));
  const off = border.map((at) => Math.max(...[0, 1, 2].map((c) => Math.abs(Math.fround(colours[3 * at + c] - middle[c])))));
  const bound = Math.max(2.5 * median(off), 1 / 255);
  const paper = border.filter((_, place) => off[place] <= bound);
  if (!off.some((value) => value <= bound && value > 1 / 255)) return (_, c) => middle[c];
  const down = (/** @type {number} */ at) => (height > 1 ? -1 + (2 * Math.floor(at / width)) / (height - 1) : -1);
  const right = (/** @type {number} */ at) => (width > 1 ? -1 + (2 * (at % width)) / (width - 1) : -1);
  const rows = paper.map((at) => [1, down(at), right(at)]);
  const slopes = [0, 1, 2].map((c) => leastSquares(rows, paper.map((at) => colours[3 * at + c])));
  return (at, c) => Math.fround(slopes[c][0] + slopes[c][1] * down(at) + slopes[c][2] * right(at));
}

/** The plane nearest to some values: the normal equations, solved by elimination. @param {number[][]} rows @param {number[]} values */
function leastSquares(rows, values) {
  const system = [0, 1, 2].map((i) => [
    ...[0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
    rows.reduce((sum, row, place) => sum + row[i] * values[place], 0),
  ]);
  for (let i = 0; i < 3; i++) {
    const best = [0, 1, 2].slice(i).reduce((most, row) => (Math.abs(system[row][i]) > Math.abs(system[most][i]) ? row : most), i);
    [system[i], system[best]] = [system[best], system[i]];
    if (Math.abs(system[i][i]) < 1e-12) continue;
    for (let row = 0; row < 3; row++) {
      if (row === i) continue;
      const factor = system[row][i] / system[i][i];
      for (let j = i; j < 4; j++) system[row][j] -= factor * system[i][j];
    }
  }
  return [0, 1, 2].map((i) => (Math.abs(system[i][i]) < 1e-12 ? 0 : system[i][3] / system[i][i]));
}

/** The ink, and the noise in it. @param {Picture} picture @returns {{ ink: Grey, noise: number }} */
export function findInk(picture) {
  const { width, height, colours } = picture, count = width * height, border = frame(picture);
  const paper = background(picture, border);
  const difference = new Float32Array(3 * count), distance = new Float32Array(count);
  const root3 = Math.fround(Math.sqrt(3));
  for (let at = 0; at < count; at++) {
    let sum = 0;
    for (let c = 0; c < 3; c++) {
      const value = Math.fround(colours[3 * at + c] - paper(at, c));
      difference[3 * at + c] = value;
      sum = Math.fround(sum + Math.fround(value * value));
    }
    distance[at] = Math.fround(Math.sqrt(sum)) / root3;
  }
  const most = distance.reduce((best, value) => Math.max(best, value), 0);
  const bound = Math.fround(Math.max(0.3 * most, 3 * median(border.map((at) => distance[at]))));
  /** @type {number[]} */
  const marked = [];
  for (let at = 0; at < count; at++) if (distance[at] > bound) marked.push(at);
  if (!marked.length) return { ink: { width, height, values: distance }, noise: most };
  const toward = [0, 1, 2].map((c) => marked.reduce((sum, at) => sum + difference[3 * at + c], 0) / marked.length);
  const length = Math.hypot(...toward);
  let signed = distance;
  if (length / Math.sqrt(3) > (0.25 * marked.reduce((sum, at) => sum + distance[at], 0)) / marked.length) {
    // One colour of ink: what differs the other way is none.
    signed = new Float32Array(count);
    for (let at = 0; at < count; at++) {
      signed[at] = [0, 1, 2].reduce((sum, c) => sum + (difference[3 * at + c] * toward[c]) / length, 0) / root3;
    }
  }
  const spread = 1.4826 * median(border.map((at) => Math.abs(signed[at])));
  return { ink: { width, height, values: signed.map((value) => Math.max(value, 0)) }, noise: 3 * spread };
}
