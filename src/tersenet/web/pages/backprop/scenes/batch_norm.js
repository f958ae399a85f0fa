// Forward and back through batch normalisation of one channel: three paths lead from each input to the error.
//
// x̂ = (x − μ)/s with s = √(σ² + ε), y = γ·x̂ + β, E = Σ ½(t − y)². (Ioffe and Szegedy 2015, section 3.)

/** @typedef {{ x: number[], targets: number[], gamma: number, beta: number, epsilon: number }} Given */
/** @typedef {{ mean: number, variance: number, deviation: number, normalised: number[], y: number[], error: number, dGamma: number, dBeta: number,
 *   dNormalised: number[], dMean: number, dVariance: number, direct: number[], throughMean: number[], throughVariance: number[], dX: number[] }} Pass */

/** @type {Given} */
export const USUAL = { x: [0.2, 1, -0.6, 1.4], targets: [0, 1, 0.5, 1], gamma: 1.5, beta: 0.5, epsilon: 1e-5 };

/** @param {Given} given @returns {Pass} */
export function normalise({ x, targets, gamma, beta, epsilon }) {
  const count = x.length, total = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0);
  const mean = total(x) / count; //                                            ∂μ/∂x = 1/N
  const variance = total(x.map((value) => (value - mean) ** 2)) / count; //    ∂σ²/∂x = 2(x − μ)/N
  const deviation = Math.sqrt(variance + epsilon);
  const normalised = x.map((value) => (value - mean) / deviation); //          ∂x̂/∂x = 1/s
  const y = normalised.map((value) => gamma * value + beta);
  const dY = y.map((value, n) => value - targets[n]);
  const dNormalised = dY.map((value) => value * gamma);
  const dVariance = total(dNormalised.map((value, n) => (-value * (x[n] - mean)) / (2 * deviation ** 3)));
  const dMean = -total(dNormalised) / deviation;
  const direct = dNormalised.map((value) => value / deviation);
  const throughMean = x.map(() => dMean / count);
  const throughVariance = x.map((value) => (dVariance * 2 * (value - mean)) / count);
  return {
    mean, variance, deviation, normalised, y, error: total(dY.map((value) => 0.5 * value * value)), dGamma: total(dY.map((value, n) => value * normalised[n])),
    dBeta: total(dY), dNormalised, dMean, dVariance, direct, throughMean, throughVariance, dX: x.map((_, n) => direct[n] + throughMean[n] + throughVariance[n]),
  };
}

/** (E(x + ε) − E(x − ε))/2ε for one input. @param {Given} given @param {number} at @param {number} [by] */
export function inputDifference(given, at, by = 1e-5) {
  const moved = (/** @type {number} */ step) => normalise({ ...given, x: given.x.map((value, n) => (n === at ? value + step : value)) }).error;
  return (moved(by) - moved(-by)) / (2 * by);
}
