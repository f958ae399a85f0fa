// `PR`: negative values times a learned slope, one for each channel;  ∂E/∂slope = Σ ∂E/∂y · x over what is negative.

import { channelsOf, Layer } from "../layers/layer.js";

/** @typedef {import("../layers/layer.js").Shape} Shape */

export class PReLU extends Layer {
  /** @param {import("../layers/layer.js").Fields} _fields @param {Shape} shape @returns {[string, Shape][]} */
  static weightShapes(_fields, shape) {
    return [["weight", [shape[0]]]];
  }

  /** @param {import("../layers/layer.js").Fields} _fields @param {Shape} shape */
  static fits(_fields, shape) {
    return channelsOf(shape);
  }

  begin() {
    this.weights[0].values.fill(0.25);
  }

  /** @param {Float32Array} x @param {number} _count @param {import("../layers/layer.js").Pass} pass */
  forward(x, _count, pass) {
    const slopes = this.weights[0].values, pixels = this.inputs / slopes.length;
    if (pass.keep) this.kept = x;
    return x.map((value, at) => (value > 0 ? value : value * slopes[Math.floor(at / pixels) % slopes.length]));
  }

  /** @param {Float32Array} dy */
  backward(dy) {
    const x = this.kept;
    const { values, gradient } = this.weights[0];
    const pixels = this.inputs / values.length;
    return dy.map((arriving, at) => {
      if (x[at] > 0) return arriving;
      const channel = Math.floor(at / pixels) % values.length;
      gradient[channel] += arriving * x[at];
      return arriving * values[channel];
    });
  }
}
