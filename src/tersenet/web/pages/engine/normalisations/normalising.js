// What the normalisations have in common: values are brought to mean 0 and deviation 1 set by set, then each channel
// has a learned scale and shift.
//
//   x̂ = (x − mean)/√(variance + ε),   y = scale·x̂ + shift
//   ∂E/∂x = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε)   with g = ∂E/∂y · scale
//
// The two means of g are there because every x moves the mean and the variance of its set.

import { channelsOf, Layer } from "../layers/layer.js";

/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {import("../layers/layer.js").Fields} Fields */

export const EPSILON = 1e-5;

export class Normalising extends Layer {
  /** @param {Fields} _fields @param {Shape} shape @returns {[string, Shape][]} */
  static weightShapes(_fields, shape) {
    return [["weight", [shape[0]]], ["bias", [shape[0]]]];
  }

  /** @param {Fields} _fields @param {Shape} shape */
  static fits(_fields, shape) {
    return channelsOf(shape);
  }

  /** @param {Fields} fields @param {Shape} shape */
  constructor(fields, shape) {
    super(fields, shape);
    this.channels = shape[0];
    this.pixels = this.inputs / this.channels;
  }

  begin() {
    this.weights[0].values.fill(1);
    this.weights[1].values.fill(0);
  }

  /** The set that each map of the batch belongs to. @param {number} _picture @param {number} channel */
  setOf(_picture, channel) {
    return channel;
  }

  /** The number of sets in a batch. @param {number} _count */
  sets(_count) {
    return this.channels;
  }

  /**
   * Every map of a batch: where it begins, its channel and its set.
   * @param {number} count @param {(from: number, channel: number, set: number) => void} visit
   */
  eachMap(count, visit) {
    for (let picture = 0; picture < count; picture++) {
      for (let channel = 0; channel < this.channels; channel++) {
        visit((picture * this.channels + channel) * this.pixels, channel, this.setOf(picture, channel));
      }
    }
  }

  /** Mean and variance of each set. @param {Float32Array} x @param {number} count */
  measure(x, count) {
    const sets = this.sets(count), each = x.length / sets, { pixels } = this;
    const mean = new Float64Array(sets), variance = new Float64Array(sets);
    this.eachMap(count, (from, _, set) => {
      for (let at = from; at < from + pixels; at++) mean[set] += x[at] / each;
    });
    this.eachMap(count, (from, _, set) => {
      for (let at = from; at < from + pixels; at++) variance[set] += (x[at] - mean[set]) ** 2 / each;
    });
    return { mean, variance };
  }

  /**
   * y = scale·x̂ + shift; keeps x̂ for the way back.
   * @param {Float32Array} x @param {number} count @param {Float64Array | Float32Array} mean
   * @param {Float64Array | Float32Array} variance @param {boolean} measured whether x itself has this mean
   * @param {boolean} keep
   */
  normalise(x, count, mean, variance, measured, keep) {
    const [scale, shift] = this.weights.map((weight) => weight.values), { pixels } = this;
    const inverse = Float64Array.from(variance, (value) => 1 / Math.sqrt(value + EPSILON));
    const y = new Float32Array(x.length), hat = keep ? new Float32Array(x.length) : null;
    this.eachMap(count, (from, channel, set) => {
      const m = mean[set], factor = inverse[set], a = scale[channel], b = shift[channel];
      for (let at = from; at < from + pixels; at++) {
        const value = (x[at] - m) * factor;
        if (hat) hat[at] = value;
        y[at] = a * value + b;
      }
    });
    if (keep) this.kept = { hat, inverse, measured };
    return y;
  }

  /** @param {Float32Array} x @param {number} count @param {import("../layers/layer.js").Pass} pass */
  forward(x, count, pass) {
    const { mean, variance } = this.measure(x, count);
    return this.normalise(x, count, mean, variance, true, pass.keep);
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const { hat, inverse, measured } = this.kept;
    const [weight, bias] = this.weights, { pixels } = this;
    const sets = inverse.length, each = dy.length / sets;
    const sum = new Float64Array(sets), withHat = new Float64Array(sets);
    const scales = new Float64Array(this.channels), shifts = new Float64Array(this.channels);
    this.eachMap(count, (from, channel, set) => {
      let plain = 0, weighted = 0;
      for (let at = from; at < from + pixels; at++) {
        plain += dy[at];
        weighted += dy[at] * hat[at];
      }
      shifts[channel] += plain;
      scales[channel] += weighted;
      sum[set] += plain * weight.values[channel];
      withHat[set] += weighted * weight.values[channel];
    });
    const dx = new Float32Array(dy.length);
    this.eachMap(count, (from, channel, set) => {
      const a = weight.values[channel], factor = inverse[set];
      const m = measured ? sum[set] / each : 0, h = measured ? withHat[set] / each : 0;
      for (let at = from; at < from + pixels; at++) dx[at] = (dy[at] * a - m - hat[at] * h) * factor;
    });
    for (let c = 0; c < this.channels; c++) {
      weight.gradient[c] += scales[c];
      bias.gradient[c] += shifts[c];
    }
    return dx;
  }
}
