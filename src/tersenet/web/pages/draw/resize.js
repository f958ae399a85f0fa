// Resizing of floating-point pictures as Pillow does it: a pass along the rows, then one along the columns.

/** @typedef {{ width: number, height: number, values: Float32Array }} Grey */
/** @typedef {{ support: number, weight: (x: number) => number }} Filter */

/** @type {Filter} the average of what a pixel covers */
export const BOX = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** @type {Filter} cubic convolution with a = −½ (Keys 1981) */
export const BICUBIC = {
  support: 2,
  weight: (x) => {
    const size = Math.abs(x), a = -0.5;
    if (size < 1) return ((a + 2) * size - (a + 3)) * size * size + 1;
    return size < 2 ? (((size - 5) * size + 8) * size - 4) * a : 0;
  },
};

/** @param {Grey} picture @param {number} width @param {number} height @param {Filter} filter @returns {Grey} */
export function resize(picture, width, height, filter) {
  const across = picture.width === width ? picture : alongRows(picture, width, filter);
  return across.height === height ? across : turned(alongRows(turned(across), height, filter));
}

/** @param {Grey} picture @param {number} width @param {Filter} filter @returns {Grey} */
function alongRows({ width: before, height, values }, width, filter) {
  const out = new Float32Array(width * height);
  const scale = before / width, wide = Math.max(scale, 1), support = filter.support * wide;
  for (let x = 0; x < width; x++) {
    const middle = (x + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - support + 0.5)), last = Math.min(before, Math.trunc(middle + support + 0.5));
    const weights = Array.from({ length: last - first }, (_, place) => filter.weight((place + first - middle + 0.5) / wide));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let place = 0; place < weights.length; place++) sum += values[y * before + first + place] * (weights[place] / whole);
      out[y * width + x] = sum;
    }
  }
  return { width, height, values: out };
}

/** Rows and columns exchanged. @param {Grey} picture @returns {Grey} */
function turned({ width, height, values }) {
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = values[y * width + x];
  return { width: height, height: width, values: out };
}
