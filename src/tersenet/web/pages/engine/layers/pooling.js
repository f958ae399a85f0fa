// What max and average pooling have in common: a window that slides over each map.

import { Problem } from "../notation/problem.js";
import { Layer, slid } from "./layer.js";

/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Fields} Fields */

export class Pooling extends Layer {
  static needsMaps = true;

  /** The stride is the kernel unless given; the padding at most half the kernel. @param {Fields} fields */
  static settle(fields) {
    fields.stride ??= fields.kernel;
    const most = Math.floor(fields.kernel / 2);
    if (fields.padding > most) {
      throw new Problem("The padding of a pooling is at most half its kernel.", {
        got: `padding ${fields.padding}, kernel ${fields.kernel}`,
        expected: `0 to ${most}`,
      });
    }
  }

  /** @param {Fields} fields @param {Shape} shape @returns {Shape} */
  static outputShape(fields, shape) {
    return [shape[0], ...slid(shape, fields, true)];
  }

  /**
   * Every window of a batch: the place of its result, and the rows and columns that it covers inside its map.
   * @param {number} count
   * @param {(out: number, map: number, top: number, bottom: number, left: number, right: number) => void} visit
   */
  eachWindow(count, visit) {
    const { kernel, padding, stride } = this.fields;
    const [channels, height, width] = this.inputShape, [, rows, columns] = this.outputShape;
    let out = 0;
    for (let map = 0; map < count * channels; map++) {
      for (let row = 0; row < rows; row++) {
        const top = row * stride - padding;
        for (let column = 0; column < columns; column++, out++) {
          const left = column * stride - padding;
          visit(
            out, map * height * width,
            Math.max(0, top), Math.min(height, top + kernel), Math.max(0, left), Math.min(width, left + kernel),
          );
        }
      }
    }
  }
}
