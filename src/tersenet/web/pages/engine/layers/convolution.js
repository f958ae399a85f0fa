// `16C3`: convolution, as a product of matrices.
//
// The windows of a picture are laid out as columns: one row for each place in the kernel, one column for each position.
// Then  y = W · columns,  and the chain rule gives  ∂E/∂W = ∂E/∂y · columnsᵀ  and  ∂E/∂columns = Wᵀ · ∂E/∂y.

import { addProduct, addProductWithTransposed, transposed } from "../matrix.js";
import { Problem } from "../notation/problem.js";
import { channelsOf, drawUniform, Layer, slid } from "./layer.js";

/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Fields} Fields */

export class Convolution extends Layer {
  static needsMaps = true;
  static setsWidth = true;

  /** @param {Fields} fields @param {Shape} shape @returns {Shape} */
  static outputShape(fields, shape) {
    if (shape[0] % fields.groups || fields.channels % fields.groups) {
      throw new Problem("The groups do not divide the channels.", {
        got: `${fields.groups} groups, ${shape[0]} channels in, ${fields.channels} out`,
        expected: "a number of groups that divides both",
      });
    }
    return [fields.channels, ...slid(shape, fields, false)];
  }

  /** @param {Fields} fields @param {Shape} shape @returns {[string, Shape][]} */
  static weightShapes(fields, shape) {
    const kernel = [fields.channels, shape[0] / fields.groups, fields.kernel, fields.kernel];
    return fields.bias ? [["weight", kernel], ["bias", [fields.channels]]] : [["weight", kernel]];
  }

  /** @param {Fields} fields @param {Shape} shape @param {Shape} output */
  static macs(fields, shape, output) {
    return fields.channels * (shape[0] / fields.groups) * fields.kernel ** 2 * output[1] * output[2];
  }

  /** @param {Fields} _fields @param {Shape} shape */
  static fits(_fields, shape) {
    return channelsOf(shape);
  }

  /** @param {Fields} fields @param {Shape} shape */
  constructor(fields, shape) {
    super(fields, shape);
    this.positions = this.outputShape[1] * this.outputShape[2];
    this.places = (shape[0] / fields.groups) * fields.kernel ** 2;
    this.columns = new Float64Array(this.places * this.positions);
    this.sums = new Float64Array((fields.channels / fields.groups) * this.positions);
  }

  /** @param {import("../random.js").Random} random */
  begin(random) {
    drawUniform(this.weights, this.places, random);
  }

  /** @param {Float32Array} x @param {number} count @param {import("./layer.js").Pass} pass */
  forward(x, count, pass) {
    const { groups, channels } = this.fields;
    const [weight, bias] = this.weights;
    const out = channels / groups, { positions, places, columns, sums } = this;
    const y = new Float32Array(count * this.outputs);
    for (let n = 0; n < count; n++) {
      for (let group = 0; group < groups; group++) {
        this.layOut(x, n * this.inputs, group);
        for (let c = 0; c < out; c++) {
          sums.fill(bias ? bias.values[group * out + c] : 0, c * positions, (c + 1) * positions);
        }
        addProduct(weight.values, columns, sums, out, places, positions, group * out * places);
        y.set(sums, n * this.outputs + group * out * positions);
      }
    }
    if (pass.keep) this.kept = x;
    return y;
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const x = this.kept;
    const { groups, channels } = this.fields;
    const [weight, bias] = this.weights;
    const out = channels / groups, { positions, places, columns } = this;
    const dx = new Float32Array(count * this.inputs);
    const gradient = new Float64Array(weight.values.length);
    const arriving = new Float64Array(out * positions);
    const flipped = Array.from({ length: groups }, (_, g) => transposed(weight.values, out, places, g * out * places));
    for (let n = 0; n < count; n++) {
      for (let group = 0; group < groups; group++) {
        const from = n * this.outputs + group * out * positions;
        arriving.set(dy.subarray(from, from + out * positions));
        this.layOut(x, n * this.inputs, group);
        addProductWithTransposed(arriving, columns, gradient, out, positions, places, group * out * places);
        columns.fill(0);
        addProduct(flipped[group], arriving, columns, places, out, positions);
        this.layBack(dx, n * this.inputs, group);
        if (bias) {
          for (let c = 0; c < out; c++) {
            let sum = 0;
            for (let p = 0; p < positions; p++) sum += arriving[c * positions + p];
            bias.gradient[group * out + c] += sum;
          }
        }
      }
    }
    for (let i = 0; i < gradient.length; i++) weight.gradient[i] += gradient[i];
    return dx;
  }

  /** The windows of one picture and group as `columns`. @param {Float32Array} x @param {number} from @param {number} group */
  layOut(x, from, group) {
    this.columns.fill(0);
    this.eachPiece(group, (row, at, step, places) => {
      const { columns } = this;
      for (let p = 0; p < places; p++) columns[row + p] = x[from + at + p * step];
    });
  }

  /** Adds `columns` to the pixels that they came from. @param {Float32Array} dx @param {number} from @param {number} group */
  layBack(dx, from, group) {
    this.eachPiece(group, (row, at, step, places) => {
      const { columns } = this;
      for (let p = 0; p < places; p++) dx[from + at + p * step] += columns[row + p];
    });
  }

  /**
   * Every piece of a row of pixels that one place in the kernel meets: where it lies in `columns`, where in the
   * picture, and how far apart its pixels are. What lies in the padding is left out.
   * @param {number} group @param {(row: number, at: number, step: number, places: number) => void} visit
   */
  eachPiece(group, visit) {
    const { kernel, padding, stride, dilation } = this.fields;
    const [channels, height, width] = this.inputShape, [, rows, wide] = this.outputShape;
    const own = channels / this.fields.groups;
    let place = 0;
    for (let c = group * own; c < (group + 1) * own; c++) {
      for (let ky = 0; ky < kernel; ky++) {
        for (let kx = 0; kx < kernel; kx++, place++) {
          const left = kx * dilation - padding;
          const first = Math.max(0, Math.ceil(-left / stride));
          const last = Math.min(wide - 1, Math.floor((width - 1 - left) / stride));
          if (last < first) continue;
          for (let row = 0; row < rows; row++) {
            const y = row * stride + ky * dilation - padding;
            if (y < 0 || y >= height) continue;
            const at = (c * height + y) * width + first * stride + left;
            visit((place * rows + row) * wide + first, at, stride, last - first + 1);
          }
        }
      }
    }
  }
}
