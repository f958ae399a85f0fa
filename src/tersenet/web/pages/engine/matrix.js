// Products of matrices, row by row in flat arrays: what convolutions and dense layers are made of.
//
// Sums are kept in float64. Two rows and four columns are taken at once, so that a number that was read is used
// several times before the next is read.

/** @typedef {Float32Array | Float64Array} Floats */

/**
 * out[m,n] += a[m,k] · b[k,n].
 * @param {Floats} a @param {Floats} b @param {Floats} out @param {number} m @param {number} k @param {number} n
 * @param {number} [aFrom] where a begins in its array
 */
export function addProduct(a, b, out, m, k, n, aFrom = 0) {
  for (let i = 0; i < m; i += 2) {
    const two = i + 1 < m;
    const row = i * n;
    for (let q = 0; q < k; q += 4) {
      const left = Math.min(4, k - q);
      const first = aFrom + i * k + q;
      const second = two ? first + k : first;
      const a0 = a[first], a1 = left > 1 ? a[first + 1] : 0, a2 = left > 2 ? a[first + 2] : 0;
      const a3 = left > 3 ? a[first + 3] : 0;
      const c0 = a[second], c1 = left > 1 ? a[second + 1] : 0, c2 = left > 2 ? a[second + 2] : 0;
      const c3 = left > 3 ? a[second + 3] : 0;
      const b0 = q * n, b1 = left > 1 ? b0 + n : b0, b2 = left > 2 ? b0 + 2 * n : b0, b3 = left > 3 ? b0 + 3 * n : b0;
      if (two) {
        for (let j = 0; j < n; j++) {
          const p = b[b0 + j], q1 = b[b1 + j], r = b[b2 + j], s = b[b3 + j];
          out[row + j] += a0 * p + a1 * q1 + a2 * r + a3 * s;
          out[row + n + j] += c0 * p + c1 * q1 + c2 * r + c3 * s;
        }
      } else {
        for (let j = 0; j < n; j++) {
          out[row + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
        }
      }
    }
  }
}

/**
 * out[m,n] += a[m,k] · b[n,k]ᵀ: each number is the inner product of two rows.
 * @param {Floats} a @param {Floats} b @param {Floats} out @param {number} m @param {number} k @param {number} n
 * @param {number} [outFrom] where out begins in its array
 */
export function addProductWithTransposed(a, b, out, m, k, n, outFrom = 0) {
  for (let i = 0; i < m; i += 2) {
    const a0 = i * k, a1 = i + 1 < m ? a0 + k : a0;
    for (let j = 0; j < n; j += 2) {
      const b0 = j * k, b1 = j + 1 < n ? b0 + k : b0;
      let s00 = 0, s01 = 0, s10 = 0, s11 = 0;
      for (let q = 0; q < k; q++) {
        const x = a[a0 + q], y = a[a1 + q], u = b[b0 + q], v = b[b1 + q];
        s00 += x * u;
        s01 += x * v;
        s10 += y * u;
        s11 += y * v;
      }
      const at = outFrom + i * n + j;
      out[at] += s00;
      if (j + 1 < n) out[at + 1] += s01;
      if (i + 1 < m) {
        out[at + n] += s10;
        if (j + 1 < n) out[at + n + 1] += s11;
      }
    }
  }
}

/**
 * a[m,k] as [k,m].
 * @param {Floats} a @param {number} m @param {number} k @param {number} [aFrom] where a begins in its array
 */
export function transposed(a, m, k, aFrom = 0) {
  const out = new Float64Array(m * k);
  for (let i = 0; i < m; i++) for (let q = 0; q < k; q++) out[q * m + i] = a[aFrom + i * k + q];
  return out;
}
