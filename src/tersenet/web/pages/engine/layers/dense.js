// `10N`: dense layer,  y = W·x + b;  ∂E/∂W = ∂E/∂y · xᵀ,  ∂E/∂x = Wᵀ · ∂E/∂y,  ∂E/∂b = ∂E/∂y.

import { addProduct, addProductWithTransposed, transposed } from "../matrix.js";
import { drawUniform, Layer, volume } from "./layer.js";

/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Fields} Fields */

export class Dense extends Layer {
  static setsWidth = true;

  /** @param {Fields} fields @returns {Shape} */
  static outputShape(fields) {
    return [fields.units];
  }

  /** @param {Fields} fields @param {Shape} shape @returns {[string, Shape][]} */
  static weightShapes(fields, shape) {
    const matrix = [fields.units, volume(shape)];
    return fields.bias ? [["weight", matrix], ["bias", [fields.units]]] : [["weight", matrix]];
  }

  /** @param {Fields} fields @param {Shape} shape */
  static macs(fields, shape) {
    return volume(shape) * fields.units;
  }

  /** @param {Fields} _fields @param {Shape} shape @returns {[string, number]} */
  static fits(_fields, shape) {
    return ["values", volume(shape)];
  }

  /** @param {import("../random.js").Random} random */
  begin(random) {
    drawUniform(this.weights, this.inputs, random);
  }

  /** @param {Float32Array} x @param {number} count @param {import("./layer.js").Pass} pass */
  forward(x, count, pass) {
    const { units } = this.fields, [weight, bias] = this.weights;
    const sums = new Float64Array(count * units);
    if (bias) for (let n = 0; n < count; n++) sums.set(bias.values, n * units);
    addProductWithTransposed(x, weight.values, sums, count, this.inputs, units);
    if (pass.keep) this.kept = x;
    return Float32Array.from(sums);
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const x = this.kept;
    const { units } = this.fields, [weight, bias] = this.weights;
    addProduct(transposed(dy, count, units), x, weight.gradient, units, count, this.inputs);
    if (bias) for (let i = 0; i < count * units; i++) bias.gradient[i % units] += dy[i];
    const dx = new Float32Array(count * this.inputs);
    addProduct(dy, weight.values, dx, count, units, this.inputs);
    return dx;
  }
}
