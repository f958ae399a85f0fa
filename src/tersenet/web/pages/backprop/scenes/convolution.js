// Forward and back through convolution → ReLU → pooling → dense unit → sigmoid → half squared error, in numbers.
//
// Image x, kernel k, bias b, map z = x ∗ k + b, r = relu(z), pooled p, dense weights v and bias c, o = Σ v·p + c,
// a = σ(o), E = ½(t − a)². One channel, no padding, stride 1; pooling windows side by side.

import { sigmoid } from "../numbers.js";

/** @typedef {number[][]} Grid */
/** @typedef {{ image: Grid, kernel: Grid, dense: number[], bias: number, denseBias: number, target: number, pooling: string, pool: number }} Given */
/** @typedef {{ z: Grid, r: Grid, p: Grid, o: number, a: number, error: number, dO: number, dDense: Grid, dP: Grid, dR: Grid, dZ: Grid,
 *   dKernel: Grid, dBias: number, dImage: Grid }} Pass each `d…` is ∂E/∂ of what it is named after */

/** @type {Given} */
export const USUAL = {
  image: [[0.1, 0.5, 0.2, 0, 0.3], [0.4, 0.9, 0.6, 0.1, 0.2], [0, 0.7, 1, 0.8, 0.1], [0.2, 0.3, 0.5, 0.6, 0.4], [0.1, 0, 0.2, 0.7, 0.9]],
  kernel: [[0.5, -0.3], [0.2, 0.4]], dense: [0.6, -0.4, 0.3, 0.8], bias: -0.1, denseBias: 0.1, target: 0.2, pooling: "max", pool: 2,
};

/** @param {number} rows @param {number} columns @param {(row: number, column: number) => number} value @returns {Grid} */
export function grid(rows, columns, value) {
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) => value(row, column)));
}

/** @param {Given} given @returns {Pass} */
export function convolve({ image, kernel, dense, bias, denseBias, target, pooling, pool }) {
  const height = image.length - kernel.length + 1, width = image[0].length - kernel[0].length + 1;
  const z = grid(height, width, (i, j) => bias + sum(kernel, (m, n) => image[i + m][j + n] * kernel[m][n]));
  const r = grid(height, width, (i, j) => Math.max(z[i][j], 0)); //                        ∂r/∂z = 1 where z > 0, else 0
  const rows = Math.floor(height / pool), columns = Math.floor(width / pool);
  const shares = grid(height, width, () => 0); //                                          ∂p/∂r
  const p = grid(rows, columns, (i, j) => {
    let most = -Infinity, at = [0, 0], total = 0;
    for (let y = i * pool; y < (i + 1) * pool; y++) {
      for (let x = j * pool; x < (j + 1) * pool; x++) {
        total += r[y][x];
        if (r[y][x] > most) [most, at] = [r[y][x], [y, x]];
        if (pooling === "average") shares[y][x] = 1 / (pool * pool);
      }
    }
    if (pooling === "max") shares[at[0]][at[1]] = 1; // the first of equals, as in torch
    return pooling === "max" ? most : total / (pool * pool);
  });
  const o = denseBias + sum(p, (i, j) => p[i][j] * dense[i * columns + j]);
  const a = sigmoid(o), error = 0.5 * (target - a) ** 2;
  const dO = (a - target) * a * (1 - a);
  const dDense = grid(rows, columns, (i, j) => dO * p[i][j]);
  const dP = grid(rows, columns, (i, j) => dO * dense[i * columns + j]);
  const dR = grid(height, width, (y, x) => shares[y][x] && shares[y][x] * dP[Math.floor(y / pool)][Math.floor(x / pool)]);
  const dZ = grid(height, width, (y, x) => (z[y][x] > 0 ? dR[y][x] : 0));
  const dKernel = grid(kernel.length, kernel[0].length, (m, n) => sum(dZ, (i, j) => dZ[i][j] * image[i + m][j + n]));
  const dImage = grid(image.length, image[0].length, (y, x) => sum(kernel, (m, n) => (dZ[y - m]?.[x - n] ?? 0) * kernel[m][n]));
  return { z, r, p, o, a, error, dO, dDense, dP, dR, dZ, dKernel, dBias: sum(dZ, (i, j) => dZ[i][j]), dImage };
}

/** (E(k + ε) − E(k − ε))/2ε for one weight of the kernel. @param {Given} given @param {number} m @param {number} n @param {number} [epsilon] */
export function kernelDifference(given, m, n, epsilon = 1e-5) {
  const moved = (/** @type {number} */ by) => convolve({ ...given, kernel: given.kernel.map((row, i) => row.map((value, j) => (i === m && j === n ? value + by : value))) }).error;
  return (moved(epsilon) - moved(-epsilon)) / (2 * epsilon);
}

/** @param {Grid} over @param {(row: number, column: number) => number} value */
function sum(over, value) {
  return over.reduce((total, row, i) => row.reduce((part, _, j) => part + value(i, j), total), 0);
}
